import { lookup as resolve, type LookupAddress } from 'node:dns';
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { authorized } from './credentials.ts';
import { DownloadError, shown } from './download-error.ts';
import type { DownloadSettings } from './settings.ts';

const mostRedirects = 5;
const redirects = new Set([301, 302, 303, 307, 308]);
/** How long a server may send nothing. */
const idleMilliseconds = 30_000;

/** Where to connect, and with which credentials. */
export type Source = Pick<DownloadSettings, 'url' | 'allowed' | 'credentials' | 'region'>;

/**
 * Requests the file from a byte on, and follows redirects. Each host is checked after its name is resolved, and the
 * connection goes to the address that was checked. Credentials are not sent to another origin.
 *
 * @throws {DownloadError} if an address is not allowed, or nothing responds
 */
export async function requestFile(source: Source, offset: number): Promise<IncomingMessage> {
  const range = offset === 0 ? {} : { range: `bytes=${offset}-` };
  let next = authorized(source.url, source.credentials, source.region);
  for (let count = 0; count <= mostRedirects; count++) {
    const { url } = next;
    const response = await get(url, { ...next.headers, ...range }, source.allowed);
    const { location } = response.headers;
    if (!redirects.has(response.statusCode ?? 0) || location === undefined) return response;
    response.destroy();
    const target = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    if (target === undefined || !/^https?:$/.test(target.protocol))
      throw new DownloadError(`${shown(url)} redirects to something that is not an http or https URL.`);
    if (url.protocol === 'https:' && target.protocol === 'http:')
      throw new DownloadError(
        `${shown(url)} redirects from https to http, at ${shown(target)}, which is refused. ` +
          'Use a URL that stays on https.',
      );
    next = { url: target, headers: target.origin === source.url.origin ? next.headers : {} };
  }
  throw new DownloadError(
    `${shown(source.url)} redirects more than ${mostRedirects} times. Use the URL of the file itself.`,
  );
}

function get(url: URL, headers: Record<string, string>, allowed: Source['allowed']): Promise<IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !allowed(host)) throw refused(host, host);
  return new Promise((fulfil, reject) => {
    const options = {
      lookup: checkedLookup(allowed),
      timeout: idleMilliseconds,
      // The checksum is that of the file as it is stored.
      headers: { 'accept-encoding': 'identity', 'user-agent': 'rhizome', ...headers },
    };
    const request = url.protocol === 'https:' ? requestHttps(url, options, fulfil) : requestHttp(url, options, fulfil);
    request.on('timeout', () => request.destroy(new Error(`nothing received for ${idleMilliseconds / 1000} s`)));
    request.on('error', (cause) => {
      reject(
        cause instanceof DownloadError
          ? cause
          : new DownloadError(`${shown(url)} cannot be reached: ${cause.message}`, { cause, isTransient: true }),
      );
    });
    request.end();
  });
}

/** Resolves a name, and fails if one of its addresses is not allowed. */
const checkedLookup =
  (allowed: Source['allowed']): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) {
        callback(error, '');
        return;
      }
      const other = addresses.find(({ address }) => !allowed(address));
      if (other !== undefined) callback(refused(hostname, other.address), '');
      else if (options.all === true) callback(null, addresses);
      else callback(null, addresses[0]?.address ?? '', addresses[0]?.family);
    });
  };

const refused = (host: string, address: string): DownloadError =>
  new DownloadError(
    `${host === address ? host : `${host} has the address ${address}, which`} is not a public address, so it is ` +
      'refused. If the models are in your own network, set `privateNetwork: true`; loopback and link-local addresses ' +
      'are never allowed.',
  );
