import { join } from 'node:path';
import type { BenchModel } from '../models/bench-model.ts';
import type { Ports, ServerSpec } from './server.ts';

const program = (name: string): string => join(import.meta.dirname, 'programs', `${name}.ts`);

/** Of this process's environment, what any program needs. */
export function plainEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '', LANG = 'C.UTF-8' } = process.env;
  return { PATH, HOME, LANG };
}

const nodeServer = (name: string, file: string, env: Readonly<Record<string, string>>): ServerSpec => ({
  name,
  readyPath: '/readyz',
  start: ({ http }: Ports) => ({
    command: [process.execPath, program(file)],
    env: { ...plainEnvironment(), NODE_ENV: 'production', PORT: String(http), ...env },
  }),
});

/** `node:http` that parses the JSON and responds with a constant. */
export const bare = (): ServerSpec => nodeServer('bare node:http', 'bare', {});

/** `node:http` that responds with the bytes that it received. */
export const echo = (): ServerSpec => nodeServer('node:http echo', 'echo', {});

/** Hono with one run per request, in 30 lines. */
export const naive = ({ tensorFile, features, classes }: BenchModel): ServerSpec =>
  nodeServer('naive Hono', 'naive', {
    MODEL: tensorFile,
    FEATURES: features.join(','),
    CLASSES: classes.join(','),
    ORT_DISABLE_TELEMETRY: '1',
  });
