import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultDockerfile } from './dockerfile.ts';
import { ignoreFile } from './ignore-files.ts';

/** A file that `rhizome init` writes. */
export interface ScaffoldFile {
  /** Path from the project's root. */
  readonly path: string;
  readonly content: string;
  /** What the user's own file must contain, if they have one at this path. A sentence. */
  readonly needs: string;
}

export interface ScaffoldOptions {
  /** Name of the model, which the project's objects are named after. */
  readonly name: string;
  /** Whether package.json depends on a file in vendor/, which the image then needs too. */
  readonly vendored: boolean;
  /** Path of the Dockerfile, if the project has another one. @default Dockerfile */
  readonly dockerfile?: string;
}

const templates = join(dirname(dirname(fileURLToPath(import.meta.url))), 'templates');

/** Returns the files that `rhizome init` writes as a whole. It merges package.json, .npmrc and .gitignore instead. */
export function scaffoldFiles({
  name,
  vendored,
  dockerfile = defaultDockerfile,
}: ScaffoldOptions): readonly ScaffoldFile[] {
  const values: Readonly<Record<string, string>> = {
    name,
    file: dockerfile === defaultDockerfile ? '' : `--file ${dockerfile} `,
    vendor: vendored ? 'COPY vendor ./vendor\n' : '',
  };
  const file = (path: string, needs: string, template = path): ScaffoldFile => ({
    path,
    content: readFileSync(join(templates, template), 'utf8').replaceAll(
      /\{\{(\w+)\}\}/g,
      (_, key: string) => values[key] ?? '',
    ),
    needs,
  });
  return [
    file('cdk8s.yaml', 'Its `app` must write a chart called `local`, as `node infra/main.ts` does.'),
    file(
      'infra/main.ts',
      'It must create a PredictionChart called `local`, with the image in RHIZOME_IMAGE if that is set.',
    ),
    file('infra/environments.ts', `infra/main.ts reads the environments from it. The image is ${name}-server:v0.1.0.`),
    file('tsconfig.json', 'infra/ needs "module": "nodenext", "allowImportingTsExtensions": true and "noEmit": true.'),
    file('kind.yaml', 'It must map containerPort 30080 to a port of this machine.'),
    file(
      dockerfile,
      'The image must serve /app/models. If yours is for something else, run ' +
        '`rhizome init --dockerfile Dockerfile.rhizome`, which leaves it alone.',
      'Dockerfile',
    ),
    ...(['dockerignore', 'containerignore'] as const).map((name) =>
      file(
        ignoreFile(dockerfile, name),
        `It must not ignore package.json, package-lock.json, .npmrc${vendored ? ', vendor/' : ''} or models/.`,
        name,
      ),
    ),
  ];
}
