import { readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(import.meta.url);

/** Whether this Rhizome is a clone, which runs its TypeScript; else it is the package, with compiled JavaScript in dist/. */
export const isClone = extname(here) === '.ts';

/** The folder of cli/, service/ and the other floors. */
const code = dirname(dirname(here));

/** The folder of Rhizome's own package.json. */
export const packageFolder = isClone ? code : dirname(code);

/** Path of one of Rhizome's own programs, as `service/main`. */
export const program = (name: string): string => join(code, `${name}${extname(here)}`);

/** What is read of Rhizome's own package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export const manifest = (): Manifest =>
  JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as Manifest;
