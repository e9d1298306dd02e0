/** Runs every snippet of some pages as it is printed, from top to bottom, in a fresh copy of the project. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { cleanUpAtEnd } from '../cleanup.ts';
import { copyProject } from '../copy-project.ts';
import { findTool, testUnless, testWithTools } from '../needs.ts';
import { variables } from '../suite.ts';
import { Shell } from './shell.ts';
import { snippets } from './snippets.ts';

const root = join(import.meta.dirname, '../..');
const cluster = 'rhizome';
const needs = ['docker', 'kind', 'kubectl', 'curl', 'script'].map((tool) => ({
  tool,
  hint: 'the README says where to get it',
}));

/** What the snippets create, besides the cluster. It must not be the user's own. */
export interface Created {
  readonly containers: readonly string[];
  /** Repositories of images. Tags that the user has there are restored. */
  readonly images: readonly string[];
  readonly volumes?: readonly string[];
}

/**
 * Defines a test for each snippet of the pages.
 *
 * @param prepare changes the copy of the project before the first snippet
 */
export function testSnippets(
  pages: readonly string[],
  created: Created,
  prepare: (folder: string) => void = () => undefined,
): void {
  const skipReason = findSkipReason(created);
  const folder = mkdtempSync(join(tmpdir(), 'rhizome-readme-'));
  copyProject(root, folder);
  prepare(folder);
  const shell = new Shell(folder);

  if (skipReason === undefined)
    beforeAll(() => {
      registerCleanUps(folder, created);
    });
  afterAll(async () => {
    await shell.stopProgramsExceptOf(undefined);
    if (skipReason === undefined)
      for (const on of [[], ['--on', 'kind']]) shell.runQuietly('npx', 'rhizome', 'down', ...on);
    // In a run, e2e/run.ts removes the folder together with all others, after the clean-up commands, which may need it.
    else rmSync(folder, { recursive: true, force: true });
  });

  for (const page of pages) {
    describe(page, () => {
      for (const snippet of snippets(root, page)) {
        // e2e/node/documentation.test.ts checks that such a snippet gives a reason in the comment above it.
        if (snippet.how.kind === 'not run') continue;
        if (skipReason !== undefined) testUnless(skipReason, snippet.place, () => shell.run(snippet));
        else testWithTools(needs, snippet.place, () => shell.run(snippet));
      }
    });
  }
}

/**
 * Returns why the snippets cannot run, or undefined if they can. They create and delete a cluster and containers, which
 * must not be the user's own. On CI nobody else can have created them.
 */
function findSkipReason({ containers, volumes = [] }: Created): string | undefined {
  if (process.env[variables.id] === undefined) return 'runs only with `npm run e2e`, which cleans up';
  if (process.env[variables.context] !== undefined) return 'not with --context: the snippets create their own cluster';
  if (process.env['CI'] !== undefined || needs.some(({ tool }) => findTool(tool) === undefined)) return undefined;
  const resources: readonly (readonly [what: string, names: readonly string[], command: string, ...args: string[]])[] =
    [
      ['kind cluster', [cluster], 'kind', 'get', 'clusters'],
      ['container', containers, 'docker', 'ps', '--all', '--format', '{{.Names}}'],
      ['volume', volumes, 'docker', 'volume', 'ls', '--format', '{{.Name}}'],
    ];
  const existing = resources.flatMap(([what, names, command, ...args]) => {
    const listed = execaSync(command, args, { reject: false }).stdout.split('\n');
    return names.filter((name) => listed.includes(name)).map((name) => `the ${what} ${name}`);
  });
  return existing.length === 0
    ? undefined
    : `the snippets would delete what exists already: remove ${existing.join(' and ')} first`;
}

/** Registers commands that remove what the snippets create and that restore the tags that they move. */
function registerCleanUps(folder: string, { containers, images, volumes = [] }: Created): void {
  for (const image of images) {
    const before = execaSync('docker', ['image', 'ls', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}', image])
      .stdout.split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split(' '));
    for (const [tag, id] of before) cleanUpAtEnd('docker', 'tag', id!, tag!);
    cleanUpAtEnd(
      'sh',
      '-c',
      `docker image ls --format '{{.Repository}}:{{.Tag}}' ${image} | ` +
        `grep -vxF -e none ${before.map(([tag]) => `-e ${tag!}`).join(' ')} | xargs -r docker image rm`,
    );
  }
  for (const volume of volumes) cleanUpAtEnd('docker', 'volume', 'rm', '--force', volume);
  cleanUpAtEnd('docker', 'compose', '--project-directory', folder, 'down');
  for (const container of containers) cleanUpAtEnd('docker', 'rm', '--force', container);
  cleanUpAtEnd('kind', 'delete', 'cluster', '--name', cluster);
}
