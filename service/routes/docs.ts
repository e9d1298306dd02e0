import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Hono } from 'hono';
import { paths } from '../contract/index.ts';
import { openApi, type OpenApiOptions } from '../openapi/document.ts';
import { stringifyJson } from '../protocol/json.ts';
import { route } from './route.ts';

const swaggerUi = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** What the page loads. Everything comes from this server, so the page works without internet access. */
const assets: Readonly<Record<string, { readonly type: string; readonly read: () => Promise<SharedBody> }>> = {
  'swagger-ui.css': { type: 'text/css', read: once(() => readFile(join(swaggerUi, 'swagger-ui.css'))) },
  'swagger-ui-bundle.js': {
    type: 'text/javascript',
    read: once(() => readFile(join(swaggerUi, 'swagger-ui-bundle.js'))),
  },
  'start.js': { type: 'text/javascript', read: () => Promise.resolve(START) },
};

/** Responses share their memory, however many clients do not read theirs. */
type SharedBody = string | Uint8Array<ArrayBuffer>;

/** Returns a function that reads once. After a failure, it reads again. */
function once(read: () => Promise<Buffer<ArrayBuffer>>): () => Promise<SharedBody> {
  let reading: Promise<SharedBody> | undefined;
  return () =>
    (reading ??= read().catch((error: unknown) => {
      reading = undefined;
      throw error;
    }));
}

/** Allows scripts only from files. Swagger UI sets inline styles. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; frame-ancestors 'none'";

/**
 * The OpenAPI document, and a page that displays it.
 *
 * @param complete returns whether `options` returns the same from now on, except for `security.apiKey`
 */
export function docs(app: Hono, options: () => OpenApiOptions, complete: () => boolean): void {
  /** By whether requests need a key. */
  const documents = new Map<boolean, SharedBody>();
  const document = (): SharedBody => {
    const current = options();
    const known = documents.get(current.security.apiKey);
    if (known !== undefined) return known;
    const body = Buffer.from(stringifyJson(openApi(current)));
    if (complete()) documents.set(current.security.apiKey, body);
    return body;
  };
  route(app, paths.openapi, { GET: (c) => c.body(document(), 200, { 'Content-Type': 'application/json' }) });
  route(app, paths.docs, {
    GET: (c) => c.html(PAGE, 200, { 'Content-Security-Policy': CONTENT_SECURITY_POLICY }),
  });
  for (const [name, { type, read }] of Object.entries(assets)) {
    route(app, `${paths.docs}/${name}`, {
      GET: async (c) =>
        c.body(await read(), 200, {
          'Content-Type': `${type}; charset=utf-8`,
          'Cache-Control': 'max-age=3600',
        }),
    });
  }
}

const START = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#ui',
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0,
  persistAuthorization: true,
});
`;

const PAGE = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Predictions</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
  <div id="ui"></div>
  <script src="docs/swagger-ui-bundle.js"></script>
  <script src="docs/start.js"></script>
</body>
</html>
`;
