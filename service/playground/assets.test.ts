import { start } from '../fixtures/app.ts';

test('the page needs no API key, and runs nothing but the scripts of this service', async () => {
  const { request } = await start({ apiKey: 'correct-horse', load: false });
  const response = await request('GET', '/');
  expect([response.status, response.headers.get('Content-Type')]).toEqual([200, 'text/html; charset=utf-8']);
  const policy = response.headers.get('Content-Security-Policy') ?? '';
  expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain('unsafe');
  expect(policy).toContain("img-src 'self' data:;");
  expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff');
  const html = await response.text();
  expect([...html.matchAll(/<(script|style)(?![^>]* src=)|\sstyle=|\son\w+=/g)]).toEqual([]);
});

test.each([
  ['style.css', 'text/css; charset=utf-8'],
  ['main.js', 'text/javascript; charset=utf-8'],
  ['form/form.js', 'text/javascript; charset=utf-8'],
])('/playground/%s is cached until it changes, and compressed', async (name, type) => {
  const { request } = await start({ load: false });
  const plain = await request('GET', `/playground/${name}`);
  expect([plain.status, plain.headers.get('Content-Type')]).toEqual([200, type]);
  expect(plain.headers.get('Cache-Control')).toBe('no-cache');
  const etag = plain.headers.get('ETag') ?? '';
  const again = await request('GET', `/playground/${name}`, undefined, { 'If-None-Match': `W/${etag}` });
  expect([again.status, await again.text()]).toEqual([304, '']);
  const compressed = await request('GET', `/playground/${name}`, undefined, { 'Accept-Encoding': 'gzip, br' });
  expect(compressed.headers.get('Content-Encoding')).toBe('gzip');
  expect((await compressed.arrayBuffer()).byteLength).toBeLessThan((await plain.arrayBuffer()).byteLength);
});

test.each([
  ['GET', '/playground/none.js', 404],
  ['GET', '/playground/tsconfig.json', 404],
  ['GET', '/playground/main.ts', 404],
  ['GET', '/playground/..%2Fassets.js', 404],
  ['GET', '/playground/%2e%2e/assets.js', 404],
  ['GET', '/playground/form/..%2f..%2fassets.js', 404],
  ['POST', '/', 405],
])('%s %s is a problem of status %i', async (method, path, status) => {
  const { request } = await start({ load: false });
  const response = await request(method, path);
  expect([response.status, response.headers.get('Content-Type')]).toEqual([status, 'application/problem+json']);
});

test('without the playground, there is nothing at /', async () => {
  const { request } = await start({ load: false, playground: false });
  for (const path of ['/', '/playground/main.js', '/playground/settings.json'])
    expect((await request('GET', path)).status).toBe(404);
});

// Hono routes all but the first.
test.each(['/livez', '/docs', '/none'])(
  'the response of %s says which replica it comes from, if known',
  async (path) => {
    const { request } = await start({ load: false, replica: 'iris-server-x2k4q' });
    const { headers } = await request('GET', path);
    expect(headers.get('X-Served-By')).toBe('iris-server-x2k4q');
    expect(headers.get('Server-Timing')).toMatch(/^service;dur=\d+\.\d\d$/);
    expect((await (await start({ load: false })).request('GET', path)).headers.has('X-Served-By')).toBe(false);
  },
);
