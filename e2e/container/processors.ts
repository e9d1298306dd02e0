import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The field `e_machine` of an ELF header, by Docker's name for the processor. */
const machines: Readonly<Record<string, number>> = { amd64: 0x3e, arm64: 0xb7 };

/** Returns the processor for which each ELF file in a folder was built, by the file's path. Ignores all other files. */
export async function processors(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    await using file = await open(path);
    const { buffer } = await file.read(Buffer.alloc(20), 0, 20, 0);
    if (buffer.toString('latin1', 0, 4) !== '\x7fELF') continue;
    const machine = buffer.readUInt16LE(18);
    const name = Object.keys(machines).find((key) => machines[key] === machine) ?? `machine ${machine}`;
    found.set(path.slice(folder.length + 1), name);
  }
  return found;
}
