import { createHash, createHmac } from 'node:crypto';

/** Keys of an S3-compatible storage. */
export interface AccessKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary keys. */
  readonly sessionToken?: string | undefined;
}

/** What is signed. */
export interface SignedRequest {
  readonly url: URL;
  readonly keys: AccessKeys;
  readonly region: string;
  readonly time: Date;
}

/**
 * Returns the headers that authorize a GET of an object: Signature Version 4, without a hash of the body, which is
 * empty. Other headers can be added, since they need no signature.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function signatureHeaders({ url, keys, region, time }: SignedRequest): Record<string, string> {
  const date = time.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const scope = `${date.slice(0, 8)}/${region}/s3/aws4_request`;
  const headers: Record<string, string> = {
    host: url.host,
    'x-amz-content-sha256': emptyHash,
    'x-amz-date': date,
    ...(keys.sessionToken !== undefined && { 'x-amz-security-token': keys.sessionToken }),
  };
  const names = Object.keys(headers).join(';');
  const canonical = [
    'GET',
    // Of S3, and of no other service, the path is encoded once.
    url.pathname
      .split('/')
      .map((part) => encode(decodeURIComponent(part)))
      .join('/'),
    [...url.searchParams]
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join('&'),
    ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
    '',
    names,
    emptyHash,
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = scope
    .split('/')
    .reduce<string | Buffer>((parent, part) => hmac(parent, part), `AWS4${keys.secretAccessKey}`);
  const { host, ...others } = headers;
  return {
    ...others,
    authorization:
      `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names}, ` +
      `Signature=${hmac(key, text).toString('hex')}`,
  };
}

const emptyHash = createHash('sha256').digest('hex');

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Encodes all but the characters that RFC 3986 leaves unreserved. */
const encode = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** Returns the region in the name of a host of AWS; otherwise the one that other storages assume. */
export const regionOf = ({ hostname }: URL): string =>
  /(?:^|\.)s3[.-]([a-z]{2}-[a-z-]+-\d+)\.amazonaws\.com$/.exec(hostname)?.[1] ?? 'us-east-1';
