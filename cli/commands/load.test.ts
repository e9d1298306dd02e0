import type { RequestListener, Server } from 'node:http';
import { examples, serveExamples } from '../load/fixtures/service.ts';
import { createProject, type Project } from '../fixtures/project.ts';

let project: Project;
let server: Server | undefined;
beforeAll(async () => {
  project = await createProject({ 'kubectl --context * get deployments': 'exit 1' });
});
afterEach(() => {
  server?.close();
});
afterAll(() => project.remove());

async function serve(instead?: (served: number) => RequestListener | undefined): Promise<string> {
  const service = await serveExamples(instead);
  ({ server } = service);
  return service.url;
}

test('sends all examples with the key, checks every response, and prints a summary', async () => {
  const keys = new Set<string | undefined>();
  const url = await serve(() => undefined);
  server!.on('request', ({ headers }) => keys.add(headers.authorization));
  const { exitCode, stdout, stderr } = await project.start(
    ['load', '--url', `${url}/`, '--for', '1s', '--rate', '40'],
    { env: { API_KEY: 'secret' } },
  );
  expect(stderr).toContain(`Load ${url}/predictions: 40 requests per second for 1 s, connections: keep-alive`);
  expect(stdout).toMatch(
    new RegExp(
      [
        String.raw` ms │[^]*└┬[^]*`,
        String.raw`\d+ requests in \d+\.\d s, none failed`,
        String.raw`p50 .*`,
        String.raw`longest time without a correct response: .* ms`,
        String.raw`connections opened: \d+$`,
      ].join('\n'),
    ),
  );
  expect(exitCode).toBe(0);
  expect([...keys]).toEqual(['Bearer secret']);
});

test('--json prints the numbers as an object; exits 1 if a request failed, with the kinds', async () => {
  const url = await serve((served) =>
    served % 10 === 9
      ? (_, response) => {
          response.writeHead(503).end();
        }
      : undefined,
  );
  const { exitCode, stdout, stderr } = await project.start([
    'load',
    '--url',
    url,
    '--for',
    '500ms',
    '--rate',
    '100',
    '--connections',
    'new',
    '--json',
  ]);
  const report = JSON.parse(stdout) as {
    sent: number;
    failed: number;
    kinds: Record<string, number>;
    perSecond: { failed: number }[];
    opened: number;
  };
  expect(report).toMatchObject({
    url: `${url}/predictions`,
    rate: 100,
    connections: 'new',
    kinds: { 503: report.failed },
  });
  // One in ten, but for the first request, which only shows that the service answers.
  expect(report.failed).toBe(Math.floor((report.sent + 1) / 10));
  expect(report.opened).toBe(report.sent);
  expect(stderr).toContain(`✗ ${report.failed} of ${report.sent} requests failed: 503 ${report.failed}.\n`);
  expect(exitCode).toBe(1);
});

test('a right class with other probabilities is a wrong prediction', async () => {
  const url = await serve((served) =>
    served > 0
      ? (_, response) => {
          response.end(JSON.stringify({ ...examples[0], probabilities: { setosa: 0.5 } }));
        }
      : undefined,
  );
  const { exitCode, stderr } = await project.start(['load', '--url', url, '--for', '200ms', '--rate', '20']);
  expect(stderr).toMatch(/requests failed: wrong prediction \d+\./);
  expect(exitCode).toBe(1);
});

test('Ctrl-C ends the load early, with the summary', async () => {
  // The first request only shows that the service answers; a second signal would mean "at once".
  const url = await serve((served) => {
    if (served === 3) running.kill('SIGINT');
    return undefined;
  });
  const running = project.start(['load', '--url', url, '--for', '5m']);
  const { exitCode, stdout } = await running;
  expect(stdout).toMatch(/\d+ requests in \d+\.\d s, none failed/);
  expect(exitCode).toBe(0);
});

test('if the service is not running or rejects the API key, one clear message comes before any load', async () => {
  const url = await serve(() => (_, response) => {
    response
      .writeHead(401, { 'content-type': 'application/problem+json' })
      .end('{"type":"urn:problem-type:rhizome:unauthorized","title":"Unauthorized","detail":"A key is needed."}');
  });
  const rejected = await project.start(['load', '--url', url]);
  expect(rejected.stderr).toContain(
    'A key is needed.\n  → Set the environment variable API_KEY to the key, or to a token.',
  );
  expect(rejected.exitCode).toBe(1);
  const elsewhere = await project.start(['load', '--on', 'local']);
  expect(elsewhere.stderr).toContain('✗ Nothing is up on local.\n  → Start it: rhizome up --on local');
  expect(elsewhere.exitCode).toBe(1);
});

test('on a terminal that cannot rewrite lines (TERM=dumb), no plot is printed again and again', async () => {
  const url = await serve(() => undefined);
  const asTerminal = '--import=data:text/javascript,process.stderr.isTTY=true';
  const { exitCode, stderr } = await project.start(['load', '--url', url, '--for', '1200ms', '--rate', '20'], {
    env: { TERM: 'dumb', NODE_OPTIONS: asTerminal },
  });
  expect(exitCode).toBe(0);
  expect(stderr).not.toContain('│');
});
