import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IMAGE, snippet } from './page/answer/snippets.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'snippets-'));
  writeFileSync(join(folder, 'photo.jpg'), 'a photo');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs the snippet for curl in a shell. Returns the arguments that curl gets, and its input. */
function run(row: Readonly<Record<string, unknown>>): { readonly args: readonly string[]; readonly input: string } {
  const model = { name: "it's $(touch owned)", version: '1' };
  const program = snippet('curl', { url: 'http://localhost:8080', model, isDefault: true, row, usesKey: true });
  const curl = `curl() { printf '%s\\0' "$@"; case "$*" in *@-*) cat ;; esac; }\n`;
  const env = { PATH: process.env['PATH'], RHIZOME_API_KEY: 'correct-horse' };
  const parts = execFileSync('bash', ['--norc', '-c', curl + program], { cwd: folder, env, encoding: 'utf8' }).split(
    '\0',
  );
  return { args: parts.slice(0, -1), input: parts.at(-1) ?? '' };
}

/** What a shell could take for something else than a text. */
const texts = {
  text: 'costs $(touch owned) `touch owned` $HOME ${HOME} \\ \\\\ \\$ " \' \n!! \\',
  'name of $(touch owned) `touch owned` \\ " \'': ['$(touch owned)', '\\', { deep: '`touch owned`' }],
};

test('the request for curl sends texts as they are, beside an image, and runs none of them', () => {
  const { args, input } = run({ image: IMAGE, ...texts });
  expect(JSON.parse(input)).toEqual({ image: Buffer.from('a photo').toString('base64'), ...texts });
  expect(args[0]).toBe("http://localhost:8080/models/it's%20%24(touch%20owned)/predictions");
  expect(args).toContain('Authorization: Bearer correct-horse');
  expect(readdirSync(folder)).toEqual(['photo.jpg']);
});

test('the request for curl sends texts as they are without an image, too', () => {
  const { args, input } = run(texts);
  expect([JSON.parse(args.at(-1) ?? ''), input]).toEqual([texts, '']);
  expect(readdirSync(folder)).toEqual(['photo.jpg']);
});
