import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ports } from '../../service/contract/index.ts';

/** A connection that swallows its errors, as an attacker does. */
export async function open(host: string, port: number = ports.http.number): Promise<Socket> {
  const socket = connect(port, host);
  socket.on('error', () => undefined);
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  return socket;
}

/** Opens many connections, a hundred at a time. */
export async function openMany(count: number, host: string, port?: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Math.min(100, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: some }, () => open(host, port)))));
  }
  return sockets;
}

/** Resolves when the other side has closed the connection. Rejects after some seconds. */
export async function closed(socket: Socket, seconds: number): Promise<void> {
  if (socket.destroyed) return;
  await once(socket, 'close', { signal: AbortSignal.timeout(seconds * 1000) });
}

/** Returns the head of a POST. */
export function head(path: string, length: number, extra: readonly string[] = []): string {
  return [
    `POST ${path} HTTP/1.1`,
    'Host: attacked',
    'Content-Type: application/json',
    `Content-Length: ${length}`,
    ...extra,
    '\r\n',
  ].join('\r\n');
}

/** Sends a text on a new connection. @returns everything that comes back until the connection closes */
export async function exchange(
  host: string,
  text: string | Uint8Array,
  seconds = 10,
  port: number = ports.http.number,
): Promise<string> {
  const socket = await open(host, port);
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  socket.write(text);
  await closed(socket, seconds);
  return received;
}
