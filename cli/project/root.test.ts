import { chmodSync, chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRoot } from './root.ts';

const own = process.getuid?.() ?? 0;
let root: string;
let inside: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'rhizome-root-')));
  inside = join(root, 'a/b');
  mkdirSync(inside, { recursive: true });
  writeFileSync(join(root, 'cdk8s.yaml'), 'app: node infra/main.ts\n');
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** Another user who runs rhizome. Files of root are trusted, so they first get another owner. */
function stranger(): number {
  if (own !== 0) return own + 1;
  for (const path of [root, join(root, 'cdk8s.yaml')]) chownSync(path, 1234, 1234);
  return 5678;
}

test("finds the nearest cdk8s.yaml, this user's or root's", () => {
  expect(findRoot(inside)).toBe(root);
  expect(() => findRoot(tmpdir())).toThrow('There is no cdk8s.yaml in');
});

test('refuses what another user has written, like git, unless the folder is declared safe', () => {
  const user = stranger();
  const refused = expect.objectContaining({
    message: expect.stringMatching(/ belongs to the user \d+, so rhizome does not run the `app` in .*cdk8s\.yaml\./),
    hint: `If you trust what is in it: export RHIZOME_SAFE_DIRECTORY='${root}'`,
  }) as Error;
  expect(() => findRoot(inside, user, {})).toThrow(refused);
  expect(() => findRoot(inside, user, { RHIZOME_SAFE_DIRECTORY: join(root, 'a') })).toThrow(refused);
  expect(findRoot(inside, user, { RHIZOME_SAFE_DIRECTORY: `/x:${root}` })).toBe(root);
  expect(findRoot(inside, user, { RHIZOME_SAFE_DIRECTORY: '*' })).toBe(root);
});

test('with sudo, the project may belong to the user who asks', () => {
  stranger();
  const owner = own === 0 ? 1234 : own;
  expect(findRoot(inside, 0, { SUDO_UID: String(owner) })).toBe(root);
  expect(() => findRoot(inside, 0, { SUDO_UID: String(owner + 1) })).toThrow('belongs to the user');
  expect(() => findRoot(inside, 0, {})).toThrow('belongs to the user');
});

test('a folder or file that every user can change is refused, unless the folder is sticky', () => {
  chmodSync(root, 0o1777);
  expect(findRoot(inside)).toBe(root);
  chmodSync(root, 0o777);
  expect(() => findRoot(inside)).toThrow(`${root} can be changed by every user`);
  chmodSync(root, 0o700);
  chmodSync(join(root, 'cdk8s.yaml'), 0o666);
  expect(() => findRoot(inside)).toThrow('cdk8s.yaml can be changed by every user');
});
