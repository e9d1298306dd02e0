import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { Balancer } from './balancer.ts';
import { eventually } from './fixtures/eventually.ts';
import { freePorts, portOf } from './replica/ports.ts';

const servers: Server[] = [];
const balancers: Balancer[] = [];
afterEach(() => {
  for (const one of balancers.splice(0)) one.destroy();
  for (const one of servers.splice(0)) one.close();
});

/** A replica that answers with its name, a colon and all that came, once the client has said all. */
async function replica(
  name: string,
  onConnection: (socket: Socket) => void = (socket) => {
    void text(socket)
      .then((sent) => socket.end(`${name}:${sent}`))
      .catch(() => undefined);
  },
): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, onConnection).listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  return portOf(server);
}

async function balancer(endpoints: () => readonly number[]): Promise<number> {
  const one = new Balancer(endpoints);
  balancers.push(one);
  return one.listen(0);
}

/** Says it, ends that side only, and returns the answer. */
async function say(port: number, message: string, host = '127.0.0.1'): Promise<string> {
  const socket = connect({ port, host, allowHalfOpen: true });
  socket.end(message);
  return text(socket);
}

test('connections go to the ready replicas in turn, and each direction ends separately', async () => {
  const ports = [await replica('a'), await replica('b')];
  const port = await balancer(() => ports);
  const answers = [];
  for (let index = 0; index < 6; index += 1) answers.push(await say(port, 'hello'));
  expect(answers.sort()).toEqual(['a:hello', 'a:hello', 'a:hello', 'b:hello', 'b:hello', 'b:hello']);
});

test('listens on IPv6 too, if the machine has it', async () => {
  const ports = [await replica('a')];
  const port = await balancer(() => ports);
  const answer = await say(port, 'hello', '::1').catch((error: unknown) => (error as NodeJS.ErrnoException).code);
  expect(['a:hello', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']).toContain(answer);
});

test('loses no data, however much it is and however slowly it is read', async () => {
  const ports = [
    await replica('echo', (socket) => {
      socket.pipe(socket);
    }),
  ];
  const socket = connect({ port: await balancer(() => ports), host: '127.0.0.1', allowHalfOpen: true });
  const sent = Buffer.alloc(20_000_000, 'rhizome');
  socket.end(sent);
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    if (chunks.length % 50 === 0)
      await new Promise((resolve) => {
        setTimeout(resolve, 1);
      });
  }
  expect(Buffer.concat(chunks).equals(sent)).toBe(true);
});

test('skips a replica that refuses connections; if none is left, resets the connection at once', async () => {
  const gone = (await freePorts([1])).get(1)!;
  const ports = [gone, await replica('b')];
  const port = await balancer(() => ports);
  expect(await Promise.all([say(port, '1'), say(port, '2'), say(port, '3')])).toEqual(['b:1', 'b:2', 'b:3']);
  ports.pop();
  await expect(say(port, '4')).rejects.toThrow('ECONNRESET');
  ports.pop();
  await expect(say(port, '5')).rejects.toThrow('ECONNRESET');
});

test('a replica that is no longer ready keeps its connections and gets no new ones', async () => {
  let ports = [
    await replica('a', (socket) => {
      socket
        .on('data', (data) => {
          socket.write(`a:${String(data)}`);
        })
        .on('error', () => undefined);
    }),
  ];
  const port = await balancer(() => ports);
  const socket = connect({ port, host: '127.0.0.1' }).setEncoding('utf8');
  socket.write('1');
  expect(await once(socket, 'data')).toEqual(['a:1']);
  ports = [await replica('b')];
  expect(await say(port, 'x')).toBe('b:x');
  socket.write('2');
  expect(await once(socket, 'data')).toEqual(['a:2']);
  socket.destroy();
});

test('forwards resets in both directions, so that half a response does not look complete', async () => {
  const accepted: Socket[] = [];
  const ports = [
    await replica('a', (socket) => {
      accepted.push(socket.on('error', () => undefined));
      socket.write('half');
    }),
  ];
  const port = await balancer(() => ports);
  const first = connect({ port, host: '127.0.0.1' });
  await once(first, 'data');
  accepted[0]!.resetAndDestroy();
  const [error] = (await once(first, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');

  const second = connect({ port, host: '127.0.0.1' });
  await once(second, 'data');
  second.resetAndDestroy();
  await eventually('the replica sees the reset', 2000, () => accepted[1]!.destroyed);
});

test('the error for a port in use names the port, the program and what to do', async () => {
  const port = await replica('a');
  const busy = new Balancer(() => []).listen(port);
  await expect(busy).rejects.toMatchObject({
    message: expect.stringMatching(
      new RegExp(`^Port ${port} of this machine is in use by node \\(pid ${process.pid}\\)\\.$`),
    ) as string,
    hint: expect.stringContaining(`--port ${port + 1}`) as string,
  });
});
