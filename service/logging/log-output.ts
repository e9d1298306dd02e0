import { writeSync } from 'node:fs';

/** How long lines are collected under load. */
const INTERVAL_MS = 100;
/** The first lines of each interval are written at once: lines are only late under load. */
const PROMPT_LINES = 32;
/** How much is collected, in characters. Docker reads this much at once, and a pipe holds four times as much. */
const CHUNK = 16 * 1024;
/** How much may wait for the reader, in characters. */
const MOST_WAITING = 4 * 1024 * 1024;
/** After lines were dropped, none is accepted before so little waits that the reader evidently goes on. */
const FEW_WAITING = MOST_WAITING / 2;
/** How often to try again if the pipe is full. */
const RETRY_MS = 10;
/** How long a line waits for the reader if each is written at once, and the exit of the process then, too. */
const SYNC_WAIT_MS = 1000;
/** How long the exit of the process waits for the reader otherwise. */
const EXIT_WAIT_MS = 500;

export interface LogOutputOptions {
  /**
   * Writes each line at once and waits for the reader, which slows the service down if it is slow. No line is lost,
   * unless the reader takes nothing for a second: then lines are collected as otherwise, until it has caught up.
   */
  readonly sync: boolean;
  /** Returns the line that reports how many lines were dropped since the process started. */
  readonly droppedLine: (total: number) => string;
}

/**
 * Writes lines to standard output, in order.
 *
 * A system call per line costs more than most predictions. Under load, lines are collected and written together: when
 * there are enough of them, when the interval ends, and when the process exits. The `exit` event follows every end of
 * the process but SIGKILL, a signal without a handler, a crash of native code, and a full heap.
 *
 * A reader that stops must not stop the service. So the pipe does not block: lines wait in memory, and once that is
 * full, further lines are dropped and counted.
 */
export class LogOutput {
  readonly #options: LogOutputOptions;
  #lines = '';
  /** Encoded lines that did not fit in the pipe. They come before `#lines`. */
  #rest = Buffer.alloc(0);
  /** How long `#lines` has to be for the next attempt to write it. */
  #enough = CHUNK;
  #prompt = PROMPT_LINES;
  #timer: NodeJS.Timeout | undefined;
  /** How many lines were dropped, and how many of them the log reports. */
  #dropped = 0;
  #reported = 0;
  #failing = false;
  /** If each line is written at once: whether the reader has stopped, so that lines are collected all the same. */
  #stalled = false;

  constructor(options: LogOutputOptions) {
    this.#options = options;
    // This getter makes libuv switch a pipe or socket to non-blocking.
    Reflect.get(process, 'stdout');
    process.on('exit', this.#finish);
  }

  /** Returns false if the line was dropped. @param line ends with a newline */
  write(line: string): boolean {
    const unreported = this.#dropped > this.#reported;
    const waiting = this.#rest.length + this.#lines.length;
    if (waiting + line.length > (unreported ? FEW_WAITING : MOST_WAITING)) {
      this.#dropped++;
      return false;
    }
    if (unreported && !this.#failing) {
      this.#lines += this.#options.droppedLine(this.#dropped);
      this.#reported = this.#dropped;
    }
    this.#lines += line;
    if (this.#options.sync && !this.#stalled) {
      this.#drain(SYNC_WAIT_MS);
      this.#stalled = this.#rest.length > 0;
      if (!this.#stalled) return true;
    } else if (this.#prompt > 0) {
      this.#prompt--;
      this.#drain(0);
    } else if (this.#lines.length >= this.#enough) this.#drain(0);
    this.#timer ??= setTimeout(this.#tick, INTERVAL_MS).unref();
    return true;
  }

  /** Writes what was collected. Further lines are written, but not when the process exits. */
  close(): void {
    this.#finish();
    process.off('exit', this.#finish);
  }

  readonly #finish = (): void => {
    this.#drain(this.#options.sync ? SYNC_WAIT_MS : EXIT_WAIT_MS);
  };

  readonly #tick = (): void => {
    this.#drain(0);
    const full = this.#rest.length > 0;
    const idle = !full && this.#prompt === PROMPT_LINES;
    if (!full) {
      this.#prompt = PROMPT_LINES;
      this.#stalled = false;
    }
    this.#timer = idle ? undefined : setTimeout(this.#tick, full ? RETRY_MS : INTERVAL_MS).unref();
  };

  /** Writes everything, or what the pipe accepts within `patienceMs`. */
  #drain(patienceMs: number): void {
    const started = performance.now();
    while (this.#rest.length > 0 || this.#lines !== '') {
      if (this.#rest.length === 0) {
        this.#rest = Buffer.from(this.#lines);
        this.#lines = '';
      }
      try {
        this.#rest = this.#rest.subarray(writeSync(1, this.#rest));
        this.#failing = false;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') {
          // Nobody can read this: the reader has closed the pipe, or the disk is full.
          this.#dropped += this.#rest.reduce((count, byte) => count + Number(byte === NEWLINE), 0);
          this.#rest = this.#rest.subarray(this.#rest.length);
          this.#failing = true;
        } else if (performance.now() - started < patienceMs) Atomics.wait(clock, 0, 0, RETRY_MS);
        else {
          this.#prompt = 0;
          this.#enough = this.#lines.length + CHUNK;
          return;
        }
      }
    }
    this.#enough = CHUNK;
  }
}

const NEWLINE = 0x0a;
/** Nothing ever notifies it: waiting for it is a sleep. */
const clock = new Int32Array(new SharedArrayBuffer(4));
