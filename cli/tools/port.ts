import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { Failure } from '../failure.ts';

/** @throws {Failure} if another program listens on the port of the loopback interface */
export async function checkPortFree(port: number, hint?: string): Promise<void> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once('error', reject).listen(port, '127.0.0.1', () => {
    resolve(undefined);
  });
  try {
    await promise;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')
      throw await portInUse(port, cause, hint);
    throw cause;
  }
  await new Promise((closed) => server.close(closed));
}

/** Returns the error for a port in use, with the program that uses it if it can be determined. */
export async function portInUse(port: number, cause: unknown, hint = otherPort('--port', port)): Promise<Failure> {
  const holder = await portHolder(port);
  return new Failure(`Port ${port} of this machine is in use${holder === undefined ? '' : ` by ${holder}`}.`, {
    cause,
    hint,
  });
}

/** The options of `up` that name a port of this machine. */
export type PortFlag = '--port' | '--grpc-port';

/** Returns a hint for a port in use. */
export const otherPort = (flag: PortFlag, port: number): string =>
  `Stop that program, or use another port: \`rhizome up ${flag} ${port + 1}\`.`;

/** Returns the program that listens on a TCP port, as `node (pid 1234)`; undefined if it is another user's. */
export async function portHolder(port: number): Promise<string | undefined> {
  try {
    return process.platform === 'linux' ? await fromProc(port) : await fromLsof(port);
  } catch {
    return undefined;
  }
}

/** proc(5): net/tcp lists local address, state (0A: listening) and inode. A process's sockets are links to inodes. */
async function fromProc(port: number): Promise<string | undefined> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  const sockets = tables
    .flatMap((table) => table.split('\n'))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === '0A' && local?.endsWith(`:${hex}`))
    .map((fields) => `socket:[${fields[9] ?? ''}]`);
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    const links = await Promise.all(descriptors.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
    if (links.some((link) => sockets.includes(link))) return `${await programOf(pid)} (pid ${pid})`;
  }
  return undefined;
}

/** Reads the command line, since `comm` is the name of a thread: MainThread in Node.js. */
async function programOf(pid: string): Promise<string> {
  const [command = ''] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
  return basename(command) || 'a program';
}

async function fromLsof(port: number): Promise<string | undefined> {
  const { stdout } = await promisify(execFile)('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc']);
  const pid = /^p(\d+)$/m.exec(stdout)?.[1];
  const command = /^c(.+)$/m.exec(stdout)?.[1];
  return pid === undefined ? undefined : `${command ?? 'a program'} (pid ${pid})`;
}
