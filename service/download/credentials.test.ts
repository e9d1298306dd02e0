import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCredentials } from './credentials.ts';
import { regionOf, signatureHeaders } from './signature.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'credentials-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function secret(entries: Readonly<Record<string, string>>) {
  for (const [name, value] of Object.entries(entries)) writeFileSync(join(folder, name), value);
  return readCredentials(folder);
}

test('the entries of the Secret decide what the credentials are', () => {
  expect(secret({ query: '?X-Amz-Signature=1\n' })).toEqual({ query: 'X-Amz-Signature=1' });
  rmSync(join(folder, 'query'));
  expect(secret({ AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key\n', AWS_SESSION_TOKEN: '' })).toEqual({
    keys: { accessKeyId: 'id', secretAccessKey: 'key', sessionToken: undefined },
  });
});

test.each([
  [{}, 'has none of these entries: token; query; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.'],
  [{ AWS_ACCESS_KEY_ID: 'id' }, 'has none of'],
  [{ token: '\n' }, 'has none of'],
  [{ token: 'a', query: 'b' }, 'has several kinds of'],
])('%j is refused', (entries, message) => {
  expect(() => secret(entries as Record<string, string>)).toThrow(message);
});

test('a request is signed as by botocore', () => {
  // Computed with S3SigV4Auth of botocore, for the same URL, keys and time.
  const headers = signatureHeaders({
    url: new URL('https://examplebucket.s3.amazonaws.com/a%20folder/model(1).onnx?versionId=3%2F4&a'),
    keys: { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
    region: 'us-east-1',
    time: new Date('2013-05-24T00:00:00Z'),
  });
  expect(headers['x-amz-date']).toBe('20130524T000000Z');
  expect(headers['authorization']).toContain(
    'Signature=a7c7b9aa5cc311c0f0e393884ab316a241b981f9fa046197fdb3253c67e0a30f',
  );
});

test.each([
  ['https://bucket.s3.eu-west-1.amazonaws.com/iris', 'eu-west-1'],
  ['https://s3.us-gov-west-1.amazonaws.com/bucket/iris', 'us-gov-west-1'],
  ['https://s3-eu-central-1.amazonaws.com/bucket/iris', 'eu-central-1'],
  ['https://bucket.s3.amazonaws.com/iris', 'us-east-1'],
  ['http://minio.storage.svc:9000/bucket/iris', 'us-east-1'],
])('the region of %s is %s', (url, region) => {
  expect(regionOf(new URL(url))).toBe(region);
});
