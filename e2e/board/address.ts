import { once } from 'node:events';
import type { Workspace } from '../workspace.ts';

/** Waits until a command that was just started has printed the address of a board. */
export async function addressOfBoard(command: ReturnType<Workspace['start']>): Promise<string> {
  const signal = AbortSignal.timeout(90_000);
  for (let output = ''; ;) {
    if (command.exitCode !== null) throw new Error((await command).stderr);
    const [chunk] = (await once(command.stdout, 'data', { signal })) as [Buffer];
    output += chunk.toString();
    const [address] = /http:\/\/127\.0\.0\.1:\d+\/[\w-]{24}\/(?=\s)/.exec(output) ?? [];
    if (address !== undefined) return address;
  }
}
