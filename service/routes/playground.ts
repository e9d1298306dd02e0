import type { Context, Hono } from 'hono';
import { paths, version } from '../contract/index.ts';
import { ServiceError } from '../errors.ts';
import { asset, type Asset } from '../playground/assets.ts';
import { route } from './route.ts';

/** What the page needs to know of the service, besides its models. */
export interface PlaygroundSettings {
  /** Whether this port serves the metrics. */
  readonly metrics: boolean;
  /** Whether a browser can open the documentation, which sends no API key. */
  readonly docs: boolean;
}

/** The page and its scripts come from files, so nothing inline runs, and texts of a model never become HTML. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/** A page to try the models in a browser. It needs no API key, and asks for the one that its requests need. */
export function playground(app: Hono, settings: PlaygroundSettings): void {
  const respond = async (c: Context, name: string): Promise<Response> => {
    const found = await asset(name);
    if (found === undefined) throw new ServiceError('route-not-found', `There is no file ${c.req.path}.`);
    return send(c, found);
  };
  route(app, paths.playground, {
    GET: (c) => {
      c.header('Content-Security-Policy', CONTENT_SECURITY_POLICY);
      return respond(c, 'index.html');
    },
  });
  route(app, '/playground/settings.json', { GET: (c) => c.json({ ...settings, version }) });
  route(app, '/playground/:file{.+}', { GET: (c) => respond(c, c.req.param('file') ?? '') });
}

/** Caches ask each time whether the file has changed, so that page and scripts are of the same version. */
function send(c: Context, { type, etag, body, compressed }: Asset): Response {
  const headers = { 'Content-Type': type, 'Cache-Control': 'no-cache', ETag: etag, Vary: 'Accept-Encoding' };
  if (c.req.header('If-None-Match')?.includes(etag)) return c.body(null, 304, headers);
  if (!/\bgzip\b/.test(c.req.header('Accept-Encoding') ?? '')) return c.body(body, 200, headers);
  return c.body(compressed, 200, { ...headers, 'Content-Encoding': 'gzip' });
}
