import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface RunningService {
  readonly url: string;
  stop(): Promise<void>;
}

/** The real service, in a process of its own, with the models of a folder; ready. */
export async function startService(models: string, environment: Readonly<Record<string, string>> = {}): Promise<RunningService> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../service/main.ts')], {
    env: { PATH: process.env['PATH'], MODELS_DIR: models, HOST: '127.0.0.1', PORT: '0', DRAIN_DELAY_SECONDS: '0', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let url = '';
  const late = setTimeout(() => child.kill('SIGKILL'), 30_000);
  for await (const line of createInterface(child.stdout)) {
    const entry = JSON.parse(line) as { msg?: string; url?: string };
    if (entry.msg === 'listening') url = entry.url ?? '';
    if (entry.msg === 'ready') break;
  }
  clearTimeout(late);
  if (url === '') throw new Error('the service has ended, or was not ready in 30 s');
  child.stdout.resume();
  return {
    url,
    async stop() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
