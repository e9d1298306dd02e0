import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { manifest } from '../own-package.ts';

/** A file of a project, and what somebody who has their own has to see to. */
export interface ScaffoldFile {
  readonly path: string;
  readonly content: string;
  /** What has to be in a file of theirs. */
  readonly needs: string;
}

export interface ScaffoldOptions {
  /** Of the model; the project's objects are called after it. */
  readonly name: string;
  /** Whether package.json depends on a file of vendor/, which the image then needs too. */
  readonly vendored: boolean;
}

const templates = join(dirname(dirname(fileURLToPath(import.meta.url))), 'templates');

/** Everything that `rhizome init` writes as a whole; package.json and lists of lines are merged instead. */
export function scaffoldFiles({ name, vendored }: ScaffoldOptions): readonly ScaffoldFile[] {
  const values: Readonly<Record<string, string>> = {
    name,
    node: (manifest().devDependencies.node ?? '').replace('^', ''),
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
    file('cdk8s.yaml', 'its `app` has to write a chart called `local`, as `node infra/main.ts` does'),
    file(
      'infra/main.ts',
      'it has to make a PredictionChart (rhizome-kit/infra) called `local`, whose image is RHIZOME_IMAGE where that is set',
    ),
    file('infra/environments.ts', `values for infra/main.ts; the image is ${name}-server:v0.1.0`),
    file('tsconfig.json', 'for infra/: "module": "nodenext", "allowImportingTsExtensions": true, "noEmit": true'),
    file('kind.yaml', 'it has to map containerPort 30080 to a port of this machine'),
    file(
      'Dockerfile',
      'the image has to serve /app/models: see docs/toolkit.md of Rhizome, or write it with --force and compare',
    ),
    ...(['dockerignore', 'containerignore'] as const).map((name) =>
      file(
        `.${name}`,
        `it has to let package.json, package-lock.json, .npmrc, models/${vendored ? ' and vendor/' : ''} through`,
        name,
      ),
    ),
  ];
}
