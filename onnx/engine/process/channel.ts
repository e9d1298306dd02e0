import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { EngineError } from '../engine.ts';
import { FrameAssembler } from './frame-assembler.ts';
import { encodeFrame, type Frame } from './frames.ts';
import { spawnChild } from './spawn-child.ts';

/** How many requests are in the socket at once: the next one is there already when the process has finished one. */
const inFlight = 2;

interface Call {
  readonly request: () => Frame;
  readonly resolve: (response: Frame) => void;
  readonly reject: (error: Error) => void;
}

/** An inference process, and the requests to it. It responds to them one after the other, in order. */
export class Channel {
  /** Resolves once the process has ended, with the reason. It stays pending if `close` ended it. */
  readonly death: Promise<EngineError>;
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #ended: Promise<void>;
  /** Those in the socket come first. */
  readonly #calls: Call[] = [];
  #sent = 0;
  /** Why no more calls are accepted. */
  #over: EngineError | undefined;
  #killed: string | undefined;
  /** Why the process could not be started, or had to be stopped. */
  #fault: Error | undefined;
  #closed = false;

  constructor() {
    this.#child = spawnChild();
    this.#socket = this.#child.stdio[3] as Socket;
    const assembler = new FrameAssembler((response) => {
      this.#settle(response);
    });
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        assembler.add(chunk);
      } catch (error) {
        // Not in the format of a frame: the model's code has overwritten the memory of the process.
        this.#fault ??= error as Error;
        this.#child.kill('SIGKILL');
      }
    });
    // The process has ended, or is about to. Its 'close' event says how.
    this.#socket.on('error', () => undefined);

    this.#child.on('error', (error) => (this.#fault ??= error));
    this.#ended = new Promise((resolve) => {
      // Comes after the last response was read.
      this.#child.on('close', (code, signal) => {
        this.#end(this.#diagnosis(code, signal));
        resolve();
      });
    });
    this.death = new Promise((resolve) => {
      void this.#ended.then(() => {
        if (!this.#closed && this.#over) resolve(this.#over);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /**
   * Sends a request as soon as the process has room for it, and resolves with the response.
   *
   * @throws {EngineError} `process-died` or `process-killed`
   */
  call(request: () => Frame): Promise<Frame> {
    if (this.#over) return Promise.reject(this.#over);
    return new Promise((resolve, reject) => {
      this.#calls.push({ request, resolve, reject });
      if (this.#calls.length === 1) this.#keepAlive(true);
      this.#send();
    });
  }

  kill(reason: string): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#killed ??= reason;
    this.#child.kill('SIGKILL');
  }

  /** Ends the process: right away if a request is in progress. Resolves once it has ended. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#over ??= new EngineError('run-failed', 'the session is released');
    if (this.#calls.length > 0) this.#child.kill('SIGKILL');
    this.#keepAlive(true);
    this.#socket.end();
    await this.#ended;
  }

  #send(): void {
    while (this.#sent < Math.min(inFlight, this.#calls.length)) {
      const call = this.#calls[this.#sent++];
      if (call === undefined) return;
      this.#socket.cork();
      for (const piece of encodeFrame(call.request())) this.#socket.write(piece);
      this.#socket.uncork();
    }
  }

  #settle(response: Frame): void {
    const call = this.#calls.shift();
    this.#sent--;
    this.#send();
    if (this.#calls.length === 0) this.#keepAlive(false);
    call?.resolve(response);
  }

  /** An idle process does not keep this one from exiting. */
  #keepAlive(busy: boolean): void {
    for (const handle of [this.#child, this.#socket]) {
      if (busy) handle.ref();
      else handle.unref();
    }
  }

  /** Says why the process has ended. */
  #diagnosis(code: number | null, signal: NodeJS.Signals | null): EngineError {
    if (this.#closed) return new EngineError('run-failed', 'the session is released');
    if (this.#killed !== undefined) return new EngineError('process-killed', this.#killed);
    if (this.#fault !== undefined) {
      return new EngineError('process-died', `the inference process failed: ${this.#fault.message}`, {
        cause: this.#fault,
      });
    }
    const how = signal === null ? `exited with code ${code ?? 'unknown'}` : `was ended by ${signal}`;
    const hint = signal === 'SIGKILL' ? ', probably because the memory limit was exceeded' : '';
    return new EngineError('process-died', `the inference process ${how}${hint}`);
  }

  #end(error: EngineError): void {
    this.#over = error;
    const [first, ...others] = this.#calls.splice(0);
    first?.reject(error);
    const waiting =
      error.code === 'process-killed'
        ? new EngineError('process-died', `the inference process was ended during another run: ${error.reason}`)
        : error;
    for (const { reject } of others) reject(waiting);
  }
}
