import { closeSync, existsSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';

/** As the kubelet's containerLogMaxSize: 10 MiB, and one older file of that size. */
const maxBytes = 10 * 1024 * 1024;

/** Where what was in a log before it got too long can be found. */
export function olderLog(path: string): string {
  return `${path}.1`;
}

/** What a replica prints, over all its restarts; at most twice 10 MiB of it. Starts empty. */
export class LogFile {
  readonly path: string;
  readonly #maxBytes: number;
  #descriptor: number | undefined;
  #bytes = 0;

  constructor(path: string, limit = maxBytes) {
    this.path = path;
    this.#maxBytes = limit;
    this.#descriptor = openSync(path, 'w');
  }

  /** Synchronous, so that the last words of a process that dies are in the file when its end is reported. */
  write(chunk: Buffer): void {
    if (this.#descriptor === undefined) return;
    try {
      if (this.#bytes + chunk.length > this.#maxBytes) this.#rotate(this.#descriptor);
      this.#bytes += writeSync(this.#descriptor, chunk);
    } catch {
      // A full disk must not take the replicas down with it.
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #rotate(full: number): void {
    renameSync(this.path, olderLog(this.path));
    this.#descriptor = openSync(this.path, 'w');
    this.#bytes = 0;
    closeSync(full);
  }
}

/** The last lines of a log, without blank ones; none where there is no file. */
export function lastLines(path: string, count: number): readonly string[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count);
}
