import { readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(import.meta.url);

/** Whether this is a clone, which runs TypeScript, rather than the package with compiled JavaScript in dist/. */
export const isClone = extname(here) === '.ts';

/** The folder that contains cli/, service/ and so on. */
const code = dirname(dirname(here));

/** The folder of Rhizome's own package.json. */
export const packageFolder = isClone ? code : dirname(code);

/** Returns the path of one of Rhizome's programs, such as `service/main`. */
export const program = (name: string): string => join(code, `${name}${extname(here)}`);

/** The fields of Rhizome's own package.json that the command line reads. */
export interface OwnPackageJson {
  readonly name: string;
  readonly version: string;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export const ownPackageJson = (): OwnPackageJson =>
  JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as OwnPackageJson;
