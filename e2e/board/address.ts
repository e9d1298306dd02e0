import { once } from 'node:events';
import type { Readable } from 'node:stream';

interface Command extends PromiseLike<{ readonly stderr: string }> {
  readonly exitCode: number | null;
  readonly stdout: Readable;
}

/** Waits until a command that was just started has printed the address of a board. */
export async function addressOfBoard(command: Command): Promise<string> {
  const signal = AbortSignal.timeout(90_000);
  for (let output = ''; ;) {
    if (command.exitCode !== null) throw new Error((await command).stderr);
    const [chunk] = (await once(command.stdout, 'data', { signal })) as [Buffer];
    output += chunk.toString();
    const [address] = /http:\/\/127\.0\.0\.1:\d+\/[\w-]{24}\/(?=\s)/.exec(output) ?? [];
    if (address !== undefined) return address;
  }
}
