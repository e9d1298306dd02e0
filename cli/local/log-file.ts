import { closeSync, existsSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { createPrivateFile } from './private-files.ts';

/** 10 MiB, like the kubelet's containerLogMaxSize; one older file of that size is kept. */
const maxBytes = 10 * 1024 * 1024;

/** The path of the older part of a log that has been rotated. */
export function olderLog(path: string): string {
  return `${path}.1`;
}

/** The output of a replica over all its restarts, at most the last 20 MiB. Starts empty. */
export class LogFile {
  readonly path: string;
  readonly #maxBytes: number;
  #descriptor: number | undefined;
  #bytes = 0;

  constructor(path: string, limit = maxBytes) {
    this.path = path;
    this.#maxBytes = limit;
    // A process that reads the earlier log keeps its file.
    rmSync(path, { force: true });
    this.#descriptor = createPrivateFile(path);
  }

  /** Synchronous, so that a process's last output is in the file when its exit is reported. */
  write(chunk: Buffer): void {
    if (this.#descriptor === undefined) return;
    try {
      if (this.#bytes + chunk.length > this.#maxBytes) this.#rotate(this.#descriptor);
      this.#bytes += writeSync(this.#descriptor, chunk);
    } catch {
      // A full disk must not stop the replicas.
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #rotate(full: number): void {
    renameSync(this.path, olderLog(this.path));
    this.#descriptor = createPrivateFile(this.path);
    this.#bytes = 0;
    closeSync(full);
  }
}

/** Returns the last lines of a log, without blank ones. Empty if there is no file. */
export function lastLines(path: string, count: number): readonly string[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count);
}
