/** What `npm ci` would warn about, on Node 20 and later: found in the lock file, without installing anything. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));

const { allowScripts } = read('package.json') as { allowScripts: Readonly<Record<string, boolean>> };
const { packages } = read('package-lock.json') as {
  packages: Readonly<
    Record<
      string,
      {
        readonly hasInstallScript?: boolean;
        readonly engines?: { readonly node?: string };
        readonly deprecated?: string;
      }
    >
  >;
};
const installed = Object.entries(packages).filter(([path]) => path !== '');
const nameOf = (path: string): string => path.replace(/^.*node_modules\//, '');

/** Whether a range of versions, such as `^18.18.0 || >=20`, has a version of Node 20 in it. */
function includesNode20(range: string): boolean {
  return range.split('||').some((part) => {
    const [, operator = '', major = '0'] = /^\s*([<>=^~]*)\s*v?(\d+)?/.exec(part) ?? [];
    return operator.startsWith('>') ? Number(major) <= 20 : major === '0' || major === '20';
  });
}

test('package.json decides about every install script, and allows only that of node', () => {
  const withScript = installed.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path);
  expect(withScript.map(nameOf).sort()).toEqual(Object.keys(allowScripts).sort());
  expect(Object.keys(allowScripts).filter((name) => allowScripts[name])).toEqual(['node']);
});

test('.npmrc keeps npm 10, which does not read allowScripts, from downloading CUDA', () => {
  expect(readFileSync(join(root, '.npmrc'), 'utf8').split('\n')).toContain('onnxruntime-node-install=skip');
});

test('every package runs on Node 20, and none is deprecated', () => {
  expect(['>=22', '^22.1 || >=24', '>=20', '*', '^18.18.0 || ^20.9.0', '>= 8'].map(includesNode20)).toEqual([
    false,
    false,
    true,
    true,
    true,
    true,
  ]);
  const tooNew = installed.filter(([, { engines }]) => !includesNode20(engines?.node ?? '*')).map(([path]) => path);
  expect(tooNew).toEqual([]);
  expect(installed.filter(([, { deprecated }]) => deprecated !== undefined).map(([path]) => path)).toEqual([]);
});
