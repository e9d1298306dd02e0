import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classNames } from './class-names.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhizome-classes-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const fromFile = async (text: string): Promise<string[]> => {
  const file = join(folder, 'classes.txt');
  await writeFile(file, text);
  return classNames(file);
};

test('names come from the lines of a file, or are separated by commas', async () => {
  expect(await fromFile('\uFEFFgreat white shark\r\ncrane\r\n\r\n \n')).toEqual(['great white shark', 'crane']);
  expect(await classNames('red, green')).toEqual(['red', 'green']);
  expect(await classNames('v1.0,n/a')).toEqual(['v1.0', 'n/a']);
  expect(await classNames('red')).toEqual(['red']);
});

test('a file that cannot be read is not the name of a class', async () => {
  for (const missing of ['imagnet.txt', 'data/classes', './classes'])
    await expect(classNames(missing)).rejects.toThrow(
      `Cannot read the names of the classes from ${missing}: no such file or directory`,
    );
  await expect(classNames(folder)).rejects.toThrow('illegal operation on a directory');
});

test('a blank line between names is refused, because it would shift the names below it', async () => {
  await expect(fromFile('red\n\nblue\n')).rejects.toThrow(/^Line 2 of .*classes\.txt is blank\.$/);
  await expect(fromFile('\nred\n')).rejects.toThrow('Line 1 of');
  await expect(fromFile('\n')).rejects.toThrow('Line 1 of');
});
