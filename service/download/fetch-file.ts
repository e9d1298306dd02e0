import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, rmSync, statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { DownloadError, shown } from './download-error.ts';
import { requestFile } from './request.ts';
import type { DownloadSettings } from './settings.ts';

/** How often a download is tried without receiving anything new. */
const mostAttempts = 6;

/** What a download needs besides its settings. */
export interface FetchOptions {
  readonly logger: Logger;
  /** Before the second attempt; it doubles each time. @default 1000 */
  readonly firstDelayMs?: number;
}

/**
 * Downloads a file and checks its SHA-256. What an earlier attempt, or an earlier start of the container, has received
 * is kept, and the rest is requested.
 *
 * @param file where to write it
 * @throws {DownloadError} if the server refuses, the file is too large, or it is another one
 */
export async function fetchFile(
  settings: DownloadSettings,
  file: string,
  { logger, firstDelayMs = 1000 }: FetchOptions,
): Promise<void> {
  const wasResumed = await receiveAll(settings, file, { logger, firstDelayMs });
  let found = await sha256Of(file);
  if (found !== settings.sha256 && wasResumed) {
    // The file may have changed since its first part was received.
    logger.warn({ url: shown(settings.url), sha256: found }, 'the resumed file has another checksum: starting over');
    rmSync(file);
    await receiveAll(settings, file, { logger, firstDelayMs });
    found = await sha256Of(file);
  }
  if (found === settings.sha256) return;
  rmSync(file);
  throw wrongFile(settings, found);
}

const wrongFile = ({ url, sha256 }: DownloadSettings, found: string): DownloadError =>
  new DownloadError(
    `${shown(url)} has the SHA-256 ${found}, expected ${sha256}. If the file was replaced on purpose, set \`sha256\` ` +
      'to the new one; otherwise do not use it.',
  );

/** @returns whether a part was there already, or was received before an interruption */
async function receiveAll(
  settings: DownloadSettings,
  file: string,
  { logger, firstDelayMs }: Required<FetchOptions>,
): Promise<boolean> {
  let wasResumed = false;
  for (let failures = 0; ;) {
    const before = sizeOf(file);
    try {
      wasResumed ||= before > 0;
      await receive(settings, file);
      return wasResumed;
    } catch (error) {
      if (!(error instanceof DownloadError && error.isTransient)) throw error;
      failures = sizeOf(file) > before ? 1 : failures + 1;
      if (failures === mostAttempts) throw error;
      const delayMs = firstDelayMs * 2 ** (failures - 1);
      logger.warn(
        { received_bytes: sizeOf(file), retry_in_seconds: delayMs / 1000, reason: error.message },
        'retrying',
      );
      await sleep(delayMs);
    }
  }
}

/** Receives what the file lacks. */
async function receive(settings: DownloadSettings, file: string): Promise<void> {
  const { url, maxBytes } = settings;
  const offset = sizeOf(file);
  const response = await requestFile(settings, offset);
  try {
    const { statusCode = 0 } = response;
    // Nothing is left to receive, or the file is another one now: the checksum tells.
    if (statusCode === 416 && offset > 0) return;
    if (statusCode !== 200 && statusCode !== 206) throw rejected(url, response);
    const start = statusCode === 206 ? startOf(response) : 0;
    if (start !== offset && start !== 0)
      throw new DownloadError(`${shown(url)} sent another part of the file than was requested.`);
    const length = Number(response.headers['content-length'] ?? 0);
    if (start + length > maxBytes) throw tooLarge(url, maxBytes, start + length);
    let size = start;
    const bounded = new Transform({
      transform(chunk: Buffer, _, done) {
        size += chunk.length;
        if (size > maxBytes) done(tooLarge(url, maxBytes));
        else done(null, chunk);
      },
    });
    await pipeline(response, bounded, createWriteStream(file, start === 0 ? {} : { flags: 'a' }));
  } catch (cause) {
    if (cause instanceof DownloadError || isOfDisk(cause)) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DownloadError(`The download of ${shown(url)} was interrupted: ${reason}`, { cause, isTransient: true });
  } finally {
    response.destroy();
  }
}

/** Whether an error is one of the file system, which another attempt would meet again. */
const isOfDisk = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES'].includes(String(error.code));

/** Returns the first byte that a partial response contains. */
const startOf = ({ headers }: IncomingMessage): number =>
  Number(/^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1] ?? Number.NaN);

function rejected(url: URL, { statusCode = 0 }: IncomingMessage): DownloadError {
  const advice =
    statusCode === 401 || statusCode === 403
      ? ' Check the credentials in the Secret; a presigned URL may have expired.'
      : statusCode === 404
        ? ' Check the URL.'
        : '';
  return new DownloadError(`${shown(url)} responds with status ${statusCode}.${advice}`, {
    isTransient: statusCode >= 500 || statusCode === 408 || statusCode === 429,
  });
}

const tooLarge = (url: URL, maxBytes: number, size?: number): DownloadError =>
  new DownloadError(
    `${shown(url)} has ${size === undefined ? 'more than' : `${size} bytes, but at most`} ${maxBytes} ` +
      `${size === undefined ? 'bytes, the limit' : 'are allowed'}. Set a larger \`sizeLimit\`.`,
  );

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
