import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { EngineError } from '../engine.ts';
import { FrameAssembler } from './frame-assembler.ts';
import { encodeFrame, type Frame } from './frames.ts';
import { spawnChild } from './spawn-child.ts';

/** How many requests are in the socket at once: the next one is there already when the process has finished one. */
const inFlight = 2;
/** What a response may have besides its outputs: their names and shapes, or what a model declares. */
const HEADER_BYTES = 16 * 2 ** 20;

const released = new EngineError('run-failed', 'the session is released');

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
  /** Undefined if the process could not be started. */
  readonly #socket: Socket | undefined;
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

  /**
   * @param memoryBytes the most memory that the process may use; unlimited if undefined
   * @param mostOutputBytes the most bytes of outputs that it sends back for a run
   */
  constructor(memoryBytes?: number, mostOutputBytes = Infinity) {
    this.#child = spawnChild(memoryBytes);
    // Undefined, against its type, if this process has as many files open as it may have.
    this.#socket = (this.#child.stdio as readonly unknown[] | undefined)?.[3] as Socket | undefined;
    const assembler = new FrameAssembler((response) => {
      this.#settle(response);
    }, mostOutputBytes + HEADER_BYTES);
    this.#socket?.on('data', (chunk: Buffer) => {
      try {
        assembler.add(chunk);
      } catch (error) {
        // Not in the format of a frame: the model's code has overwritten the memory of the process.
        this.#fault ??= error as Error;
        this.#child.kill('SIGKILL');
      }
    });
    // The process has ended, or is about to. Its 'close' event says how.
    this.#socket?.on('error', () => undefined);

    this.#ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.#end(this.#diagnosis(code, signal));
        resolve();
      };
      // Comes after the last response was read.
      this.#child.on('close', end);
      this.#child.on('error', (error) => {
        this.#fault ??= error;
        if (this.#socket === undefined) end(null, null);
      });
    });
    this.death = new Promise((resolve) => {
      void this.#ended.then(() => {
        if (this.#over && this.#over !== released) resolve(this.#over);
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
    this.#over ??= released;
    if (this.#calls.length > 0) this.#child.kill('SIGKILL');
    this.#keepAlive(true);
    this.#socket?.end();
    await this.#ended;
  }

  #send(): void {
    for (let call; this.#sent < inFlight && (call = this.#calls[this.#sent]);) {
      try {
        const pieces = encodeFrame(call.request());
        this.#socket?.cork();
        for (const piece of pieces) this.#socket?.write(piece);
        this.#socket?.uncork();
        this.#sent++;
      } catch (cause) {
        // Something that is not a tensor.
        this.#calls.splice(this.#sent, 1);
        call.reject(new EngineError('run-failed', String(cause), { cause }));
      }
    }
    if (this.#calls.length === 0) this.#keepAlive(false);
  }

  #settle(response: Frame): void {
    const call = this.#calls.shift();
    this.#sent--;
    this.#send();
    call?.resolve(response);
  }

  /** An idle process does not keep this one from exiting. */
  #keepAlive(busy: boolean): void {
    for (const handle of [this.#child, this.#socket]) {
      if (busy) handle?.ref();
      else handle?.unref();
    }
  }

  /** Says why the process has ended. */
  #diagnosis(code: number | null, signal: NodeJS.Signals | null): EngineError {
    if (this.#killed !== undefined) return new EngineError('process-killed', this.#killed);
    if (this.#closed) return released;
    const died = (how: string): EngineError =>
      new EngineError('process-died', `the inference process ${how}`, this.#fault && { cause: this.#fault });
    if (this.#child.pid === undefined) return died(`could not be started: ${this.#fault?.message ?? ''}`);
    if (this.#fault) return died(`sent an invalid response: ${this.#fault.message}`);
    if (signal === null) return died(`exited with code ${code ?? ''}`);
    if (signal === 'SIGKILL') return died('was terminated by SIGKILL, probably because the memory limit was exceeded');
    return died(`was terminated by ${signal}`);
  }

  #end(error: EngineError): void {
    this.#over = error;
    const [first, ...others] = this.#calls.splice(0);
    first?.reject(error);
    const waiting =
      error.code === 'process-killed'
        ? new EngineError('process-died', `the inference process was killed during an earlier run: ${error.reason}`)
        : error;
    for (const { reject } of others) reject(waiting);
  }
}
