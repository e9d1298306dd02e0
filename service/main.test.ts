import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const models = join(import.meta.dirname, '../models');
const flower = JSON.stringify({ sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 });

interface Service {
  process: ChildProcess;
  url: string;
  port: number;
  logs: Record<string, unknown>[];
  /** Resolves with the first past or future log line with the message. */
  logged: (message: string) => Promise<Record<string, unknown>>;
  exited: Promise<number | null>;
}

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const process of running) process.kill('SIGKILL');
  running.clear();
});

function run(environment: Record<string, string>, args: string[] = []): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      MODELS_DIR: models,
      HOST: '127.0.0.1',
      PORT: '0',
      DRAIN_DELAY_SECONDS: '0',
      ...environment,
    },
  });
  running.add(child);
  return child;
}

async function start(environment: Record<string, string> = {}, until = 'ready'): Promise<Service> {
  const child = run(environment);
  const logs: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  createInterface(child.stdout!).on('line', (line) => {
    logs.push(JSON.parse(line) as Record<string, unknown>);
    for (const look of waiting) look();
  });
  const logged = (message: string): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`no log line '${message}' in 10 s, only ${JSON.stringify(logs)}`));
      }, 10_000);
      const look = (): void => {
        const line = logs.find(({ msg }) => msg === message);
        if (!line) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve(line);
      };
      waiting.add(look);
      look();
    });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  await logged(until);
  const url = (await logged('listening'))['url'] as string;
  return { process: child, url, port: Number(new URL(url).port), logs, logged, exited };
}

/**
 * Requests a prediction over the agent's connection. Returns the status and the `Connection` header, or the error's
 * code.
 */
function predict(
  url: string,
  agent: Agent,
): Promise<{ status?: number; connection?: string | undefined; error?: string }> {
  return new Promise((resolve) => {
    const sent = request(
      `${url}/predictions`,
      { method: 'POST', agent, headers: { 'Content-Type': 'application/json' } },
      (response) => {
        response.resume().on('end', () => {
          resolve({ status: response.statusCode!, connection: response.headers.connection });
        });
      },
    );
    sent
      .on('error', (error: NodeJS.ErrnoException) => {
        resolve({ error: error.code ?? error.message });
      })
      .end(flower);
  });
}

const post = (body: object): RequestInit => ({
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(body),
});

async function output(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  let [stdout, stderr] = ['', ''];
  child.stdout!.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

test('an invalid configuration exits with 78 and one message that lists every problem', async () => {
  const { code, stdout, stderr } = await output(run({ PORT: 'x', LOG_LEVEL: 'loud' }));
  expect([code, stdout]).toEqual([78, '']);
  expect(stderr).toMatch(
    /^The configuration has 2 problems:\n {2}- LOG_LEVEL is "loud".*\n {2}- PORT is "x".*\nRun with --help/,
  );
});

test('a blank API key does not open the service: it exits with 78', async () => {
  const { code, stderr } = await output(run({ API_KEY: '\n' }));
  expect(code).toBe(78);
  expect(stderr).toContain('API_KEY is blank');
});

test('--help lists every variable', async () => {
  const { code, stdout } = await output(run({}, ['--help']));
  expect(code).toBe(0);
  expect(stdout).toContain('REQUEST_TIMEOUT_SECONDS');
});

test('a warning says that a model with a loop does not run on the event loop, as its model.json asks', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'rhizome-main-'));
  try {
    mkdirSync(join(dir, 'loop'));
    cpSync(join(models, '../onnx/fixtures/graphs/loop.onnx'), join(dir, 'loop/model.onnx'));
    writeFileSync(join(dir, 'loop/model.json'), '{"serving": {"placement": "event-loop"}}');
    const { logged, logs } = await start({ MODELS_DIR: dir });
    expect(await logged('placement overridden')).toMatchObject({
      ...{ level: 'warn', model: 'loop', version: '1' },
      ...{ asked: 'event-loop', set_by: 'model.json', placement: 'process' },
      reason: 'its operator Loop may not end, or is not known',
    });
    expect(logs.filter(({ msg }) => msg === 'placement overridden')).toHaveLength(1);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a model without examples that no generated input fits is served, with a warning, as not verified', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'rhizome-main-'));
  try {
    mkdirSync(join(dir, 'codes'));
    cpSync(join(models, '../onnx/fixtures/shapes/codes.onnx'), join(dir, 'codes/model.onnx'));
    const { url, logged } = await start({ MODELS_DIR: dir });
    const reason = expect.stringMatching(/did not run on any of 5 generated inputs: .*out of data bounds/);
    expect(await logged('model not verified')).toMatchObject({ level: 'warn', model: 'codes', version: '1', reason });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const { models: listed } = (await (await fetch(`${url}/models`)).json()) as { models: unknown[] };
    expect(listed).toEqual([expect.objectContaining({ name: 'codes', verified: false, not_verified: reason })]);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'rhizome_model_verified{model="codes",version="1"} 0',
    );
    const ask = (code: number) => fetch(`${url}/predictions`, post({ code }));
    expect(await (await ask(1003)).json()).toMatchObject({ prediction: 8 });
    // A failure may still be due to the input: the model is not known to be broken.
    expect((await ask(1)).status).toBe(422);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('without a GPU, EXECUTION_PROVIDER=cuda never becomes ready, and says why and what to do', async () => {
  const { url, logged } = await start({ EXECUTION_PROVIDER: 'cuda' }, 'not ready');
  const { model, reason } = await logged('model failed');
  expect([model, reason]).toEqual([
    'iris',
    expect.stringMatching(/cannot load its CUDA libraries.* set EXECUTION_PROVIDER to cpu/),
  ]);
  const response = await fetch(`${url}/readyz`);
  expect([response.status, await response.text()]).toEqual([503, expect.stringContaining('CUDA libraries')]);
});

test('a port that is in use exits with 1 and a message', async () => {
  const { port } = await start();
  const { code, stderr } = await output(run({ PORT: String(port) }));
  expect(code).toBe(1);
  expect(stderr).toContain(`Cannot listen on 127.0.0.1:${port} (HOST, PORT)`);
});

test('a management port that is in use exits with 1, and the message names the variable', async () => {
  const { port } = await start();
  const { code, stderr } = await output(run({ MANAGEMENT_PORT: String(port) }));
  expect(code).toBe(1);
  expect(stderr).toContain(`Cannot listen on 127.0.0.1:${port} (HOST, MANAGEMENT_PORT)`);
});

test('SIGTERM under load: no request fails, connections are told to close, and the process exits with 0', async () => {
  const { url, process: child, exited, logged } = await start({ DRAIN_DELAY_SECONDS: '1' });
  const answers: Awaited<ReturnType<typeof predict>>[] = [];
  let warm: () => void;
  const warmed = new Promise<void>((resolve) => (warm = resolve));
  // Each client reconnects once, like clients that the Service still sends to this pod while it drains.
  const clients = Array.from({ length: 20 }, async () => {
    for (let closings = 0; closings < 2;) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let open = true; open;) {
        const answer = await predict(url, agent);
        answers.push(answer);
        if (answers.length > 200) warm();
        open = answer.status === 200 && answer.connection !== 'close';
      }
      agent.destroy();
      closings++;
    }
  });
  await warmed;
  child.kill('SIGTERM');
  await Promise.all(clients);
  await logged('drained');
  expect(await exited).toBe(0);
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect(answers.filter(({ connection }) => connection === 'close')).toHaveLength(40);
});

test('a connection that was opened just before the listener closed may still send its request', async () => {
  const { port, url, process: child, exited } = await start();
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  // A response on a second connection shows that the process has accepted the first one.
  expect((await predict(url, new Agent())).status).toBe(200);
  child.kill('SIGTERM');
  await untilRefused(url);
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString()));
  socket.write(
    'POST /predictions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
      `Content-Length: ${flower.length}\r\n\r\n${flower}`,
  );
  await once(socket, 'close');
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(await exited).toBe(0);
});

test('a process that stood still until the drain delay ended serves those who connected meanwhile', async () => {
  const delaySeconds = 1;
  const { url, process: child, exited, logged } = await start({ DRAIN_DELAY_SECONDS: String(delaySeconds) });
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  expect((await predict(url, kept)).status).toBe(200);
  child.kill('SIGTERM');
  await logged('draining');
  // It writes the line before the delay begins.
  expect((await predict(url, new Agent())).connection).toBe('close');
  child.kill('SIGSTOP');
  const answers = [...Array.from({ length: 20 }, () => new Agent()), kept].map((agent) => predict(url, agent));
  await sleep(1000 * delaySeconds + 200);
  child.kill('SIGCONT');
  expect((await Promise.all(answers)).map(({ status, error }) => status ?? error)).toEqual(new Array(21).fill(200));
  expect(await exited).toBe(0);
  kept.destroy();
});

/** Sends the first half of a request. */
async function sendHalf(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    'POST /predictions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n' +
      `Content-Length: ${flower.length}\r\n\r\n${flower.slice(0, 10)}`,
  );
  return socket;
}

test('a request on an open connection is still served after the listener closed; then the process exits', async () => {
  const { port, url, process: child, exited, logged } = await start();
  // Half of a request keeps its connection busy beyond the drain delay.
  const socket = await sendHalf(port);
  expect((await predict(url, new Agent())).status).toBe(200);
  child.kill('SIGTERM');
  await logged('draining');
  await untilRefused(url);
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString())).write(flower.slice(10));
  await once(socket, 'close');
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(answer).toMatch(/\r\nconnection: close\r\n/i);
  expect(await exited).toBe(0);
});

test('MANAGEMENT_PORT serves probes and metrics alone, and closes last', async () => {
  const { port, url, process: child, exited, logged } = await start({ MANAGEMENT_PORT: '0' });
  const management = (await logged('listening'))['management_url'] as string;
  const status = async (path: string, method = 'GET', base = management) =>
    (await fetch(base + path, { method })).status;
  for (const path of ['/livez', '/readyz', '/metrics', '/metrics?a=b']) {
    expect([path, await status(path), await status(path, 'HEAD')]).toEqual([path, 200, 200]);
    expect([path, await status(path, 'GET', url)]).toEqual([path, 404]);
  }
  expect(await (await fetch(`${management}/metrics`)).text()).toContain('route="/readyz",model="",code="200"} 2');
  for (const path of ['/', '/predictions', '/docs', '/v2/health/live'])
    expect([path, await status(path)]).toEqual([path, 404]);
  const refused = await fetch(`${management}/readyz`, { method: 'POST', body: '{}' });
  expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD']);

  // Half of a request keeps the service from exiting.
  const socket = await sendHalf(port);
  expect((await predict(url, new Agent())).status).toBe(200);
  child.kill('SIGTERM');
  await untilRefused(url);
  expect([await status('/livez'), await status('/readyz'), await status('/metrics')]).toEqual([200, 503, 200]);
  // Neither does a scraper that does not close its connection delay the exit.
  const scraper = connect(Number(new URL(management).port), '127.0.0.1');
  await once(scraper, 'connect');
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString())).write(flower.slice(10));
  await once(socket, 'close');
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(await exited).toBe(0);
  scraper.destroy();
});

async function untilRefused(url: string): Promise<void> {
  const deadline = Date.now() + 5000;
  while ((await predict(url, new Agent())).error !== 'ECONNREFUSED') {
    if (Date.now() > deadline) throw new Error(`${url} still accepts connections 5 s after SIGTERM`);
  }
}

test('an idle connection does not delay the exit', async () => {
  const { url, process: child, exited } = await start();
  const agent = new Agent({ keepAlive: true });
  await predict(url, agent);
  child.kill('SIGTERM');
  expect(await exited).toBe(0);
  agent.destroy();
});

test('an incomplete request gets a 408 after the request timeout, also while draining', async () => {
  const { port, process: child, exited, logged } = await start({ REQUEST_TIMEOUT_SECONDS: '0.5' });
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString()));
  socket.write('POST /predictions HTTP/1.1\r\nHost: x\r\n');
  child.kill('SIGTERM');
  await logged('drained');
  expect(await exited).toBe(0);
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
});

test('SIGTERM while the libraries load ends the process, even as process 1', async () => {
  // Replaces the libraries, which load too quickly for this test, with a module that never ends.
  const endless =
    'data:text/javascript,console.log("loading");setInterval(()=>{},1000);export const main=()=>new Promise(()=>{});';
  const hooks = `import { registerHooks } from 'node:module';
    const endless = { url: ${JSON.stringify(endless)}, shortCircuit: true };
    registerHooks({
      resolve: (name, context, next) => (name === './serve.ts' ? endless : next(name, context)),
    });`;
  const child = spawn(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(hooks)}`, join(import.meta.dirname, 'main.ts')],
    { stdio: ['ignore', 'pipe', 'inherit'], timeout: 20_000 },
  );
  running.add(child);
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a second SIGTERM exits immediately', async () => {
  const { process: child, exited, logged } = await start({ DRAIN_DELAY_SECONDS: '10' });
  child.kill('SIGTERM');
  await logged('draining');
  child.kill('SIGTERM');
  expect(await exited).toBe(1);
});

test('a body over the limit gets its response while it is still being sent', async () => {
  const { port, url } = await start({ MAX_BODY_BYTES: '1000' });
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    'POST /predictions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n[',
  );
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  expect(chunk.toString()).toMatch(/^HTTP\/1\.1 413 /);
  socket.destroy();
  expect((await predict(url, new Agent())).status).toBe(200);
});

test('a client that first sends its whole oversized body still gets the response', async () => {
  const { url } = await start({ MAX_BODY_BYTES: '1000' });
  const statuses = await Promise.all(
    Array.from(
      { length: 10 },
      () =>
        new Promise((resolve) => {
          const body = Buffer.alloc(5_000_000, ' ');
          const headers = { 'Content-Type': 'application/json', 'Content-Length': body.length };
          const sent = request(`${url}/predictions`, { method: 'POST', agent: false, headers }, (response) => {
            response.resume().on('end', () => {
              resolve(response.statusCode);
            });
          });
          sent.on('error', resolve).end(body);
        }),
    ),
  );
  expect(statuses).toEqual(new Array(10).fill(413));
});

test('logs are one JSON object per line, and nothing goes to standard error', async () => {
  const { url, process: child, logs, exited } = await start();
  let errors = '';
  child.stderr!.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  await predict(url, new Agent());
  child.kill('SIGTERM');
  await exited;
  expect(logs.map(({ msg }) => msg)).toEqual(['listening', 'model loaded', 'ready', 'request', 'draining', 'drained']);
  expect(errors).toBe('');
});

test("the runtime's telemetry is off: it would write an id to the home folder", async () => {
  const home = mkdtempSync(join(tmpdir(), 'rhizome-home-'));
  const { url, process: child, exited } = await start({ HOME: home, XDG_CACHE_HOME: join(home, 'cache') });
  await predict(url, new Agent());
  child.kill('SIGTERM');
  await exited;
  expect(readdirSync(home)).toEqual([]);
  rmSync(home, { recursive: true });
});
