import { createReadStream } from 'node:fs';
import { request as requestHttp, type IncomingHttpHeaders } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Failure } from '../failure.ts';
import type { Blob } from '../images/oci-layout.ts';
import type { ModelImage } from './model-image.ts';
import { loginOf, type Login } from './registry-login.ts';

/** How long a registry may send nothing. */
const idleMilliseconds = 60_000;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A repository of a registry, by the OCI Distribution Specification. */
class Repository {
  readonly #registry: string;
  readonly #base: URL;
  readonly #path: string;
  #authorization: string | undefined;

  constructor(registry: string, path: string) {
    this.#registry = registry;
    // As for Docker, a registry of this machine has no certificate.
    const scheme = /^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/.test(registry) ? 'http' : 'https';
    this.#base = new URL(`${scheme}://${registry === 'docker.io' ? 'registry-1.docker.io' : registry}/v2/`);
    this.#path = path;
  }

  async logIn(login: Login | undefined): Promise<void> {
    const { status, headers } = await this.#send('GET', this.#base);
    if (status !== 401) return;
    const challenge = headers['www-authenticate'] ?? '';
    const basic = login && `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
    const parameter = (name: string): string | undefined => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1];
    const realm = parameter('realm');
    if (!/^bearer /i.test(challenge) || realm === undefined) {
      this.#authorization = basic;
      return;
    }
    const url = new URL(realm);
    url.searchParams.set('service', parameter('service') ?? '');
    url.searchParams.set('scope', `repository:${this.#path}:pull,push`);
    const answer = await this.#send('GET', url, { headers: basic === undefined ? {} : { authorization: basic } });
    if (answer.status !== 200) throw this.#refused(answer);
    const { token, access_token: other } = JSON.parse(answer.body) as { token?: string; access_token?: string };
    this.#authorization = `Bearer ${token ?? other ?? ''}`;
  }

  /**
   * @param sent called with the share of it that has been sent
   * @returns whether the registry had it already
   */
  async pushBlob(blob: Blob, sent?: (share: number) => void): Promise<boolean> {
    const there = await this.#send('HEAD', this.#at(`blobs/${blob.digest}`));
    if (there.status === 200) return true;
    const started = await this.#send('POST', this.#at('blobs/uploads/'));
    if (started.status !== 202 || started.headers.location === undefined) throw this.#refused(started);
    const url = new URL(started.headers.location, this.#base);
    url.searchParams.set('digest', blob.digest);
    const answer = await this.#send('PUT', url, {
      blob,
      sent,
      headers: { 'content-type': 'application/octet-stream' },
    });
    if (answer.status !== 201) throw this.#refused(answer);
    return false;
  }

  async pushManifest(blob: Blob, name: string): Promise<void> {
    const headers = { 'content-type': blob.mediaType };
    const answer = await this.#send('PUT', this.#at(`manifests/${name}`), { blob, headers });
    if (answer.status !== 201) throw this.#refused(answer);
  }

  #at(path: string): URL {
    return new URL(`${this.#path}/${path}`, this.#base);
  }

  #refused({ status, body }: Answer): Failure {
    const denied = status === 401 || status === 403;
    return new Failure(
      denied
        ? `The registry ${this.#registry} denied the push.`
        : `The registry ${this.#registry} responds with status ${status}.`,
      {
        details: body.trim() === '' ? [] : [body.trim().slice(0, 500)],
        hint: denied
          ? `Log in as a user who may push: docker login ${this.#registry}`
          : 'Check the name, and try again.',
      },
    );
  }

  async #send(
    method: string,
    url: URL,
    {
      blob,
      sent,
      headers = {},
    }: {
      blob?: Blob;
      sent?: ((share: number) => void) | undefined;
      headers?: Record<string, string>;
    } = {},
  ): Promise<Answer> {
    // Another host, such as a storage that the registry sends uploads to, does not get the authorization.
    const own = url.host === this.#base.host && this.#authorization !== undefined;
    const options = {
      method,
      timeout: idleMilliseconds,
      headers: {
        ...(own && { authorization: this.#authorization }),
        'content-length': blob?.size ?? 0,
        ...headers,
      },
    };
    return new Promise((resolve, reject) => {
      const failed = (cause: Error): void => {
        const hint = 'Check its name, and that this machine can reach it.';
        reject(new Failure(`The registry ${this.#registry} does not respond: ${cause.message}`, { cause, hint }));
      };
      const request = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
      request.on('error', failed).on('timeout', () => request.destroy(new Error('timeout')));
      request.on('response', (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('error', failed).on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
        });
      });
      if (blob === undefined || Buffer.isBuffer(blob.content)) request.end(blob?.content);
      else {
        const { size } = blob;
        const file = createReadStream(blob.content.file).on('error', (error) => request.destroy(error));
        file.on('data', () => sent?.(file.bytesRead / size)).pipe(request);
      }
    });
  }
}

/**
 * Pushes an image under a tag, as the user whom `docker login` has logged in. What the registry has is not sent again.
 * @param sent called with the share of the models that has been sent
 * @returns whether the registry had the models already
 * @throws {Failure} if the registry does not respond, or rejects it
 */
export async function pushModelImage(
  image: ModelImage,
  { registry, path, tag }: { readonly registry: string; readonly path: string; readonly tag: string },
  sent?: (share: number) => void,
): Promise<boolean> {
  const repository = new Repository(registry, path);
  await repository.logIn(loginOf(registry));
  const wasThere = await repository.pushBlob(image.layer, sent);
  for (const config of image.configs) await repository.pushBlob(config);
  for (const manifest of image.manifests) await repository.pushManifest(manifest, manifest.digest);
  await repository.pushManifest(image.index, tag);
  return wasThere;
}
