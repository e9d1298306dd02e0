import type { IncomingHttpHeaders } from 'node:http2';
import type { Access } from '../authentication/access.ts';
import type { Reservation } from '../connections/in-flight-bytes.ts';
import { ServiceError } from '../errors.ts';
import type { RequestTrace } from '../traces/request-trace.ts';
import type { Status } from './http2/status-codes.ts';

/** What a method can read and set of its call. */
export interface Call {
  readonly requestId: string;
  /** Until when the response is of use, in milliseconds as in `performance.now()`. */
  readonly deadline: number;
  /** Returns true once nobody waits for the response. */
  readonly abandoned: () => boolean;
  /** What the client's token allows; undefined if it may do everything. */
  readonly access: Access | undefined;
  /** The name of the model that the call uses, for the log and the metrics. */
  model: string | undefined;
  /** Undefined if requests are not traced. */
  readonly traceId: string | undefined;
  /** Undefined unless the trace of the call is recorded. */
  readonly trace: RequestTrace | undefined;
}

/** A call whose method sends any number of messages. */
export interface StreamingCall extends Call {
  /** Identifies the connection that the call came over. */
  readonly connection: object;
  /** @param frame a message with its prefix */
  send(frame: Buffer): void;
  /** Ends the call with the status OK. */
  finish(): void;
  fail(error: unknown): void;
  /** Says whether the method works on something. A call that only waits for its client may make room for others. */
  working(active: boolean): void;
  /**
   * Begins one of several requests of the call.
   *
   * @throws {ServiceError} `unauthorized` if the client's key or token is no longer valid
   */
  begin(): StreamedRequest;
  /**
   * Reserves memory for a request that has arrived.
   *
   * @throws {ServiceError} `overloaded`
   */
  reserve(bytes: number): Reservation;
  /** Compresses a message with its prefix, if the client asks for it. */
  compress(frame: Buffer): Buffer | Promise<Buffer>;
  /**
   * Sends a message, whether the client reads or not. If it takes nothing for too long, the call fails.
   *
   * @param sent called when the client has taken the message, or will not
   */
  write(frame: Buffer, sent: () => void): void;
  /** Takes no further message until `release`. The client can send little more meanwhile. */
  hold(): void;
  release(): void;
}

/** One of several requests of a call, which is logged and counted by itself. */
export interface StreamedRequest extends Call {
  succeed(): void;
  /** Returns what the client learns. */
  fail(error: unknown): Status;
}

/** Receives what a client sends in a streaming call. */
export interface Messages {
  onMessage(message: Buffer): void;
  onHalfClose?(): void;
  /** The replica shuts down. Without this, the call fails. */
  onShutdown?(): void;
  /** The stream of the call is closed: nothing of it is in memory any longer. */
  onClose?(): void;
}

interface Common {
  /** `/package.Service/Method` */
  readonly path: string;
  /** Whether the method is for probes and tools: it needs no API key, and is logged at `debug`. */
  readonly open?: boolean;
  /** Whether a call lasts until its client ends it, or the replica shuts down. */
  readonly endless?: boolean;
}

/** A method with one request and one response. */
export interface UnaryMethod extends Common {
  /** Resolves with the message of the response, with its prefix (`frameMessage`). */
  readonly respond: (request: Buffer, call: Call) => Promise<Buffer>;
}

export interface StreamingMethod extends Common {
  readonly stream: (call: StreamingCall, headers: IncomingHttpHeaders) => Messages;
  /** Whether each request of a call is logged and counted by itself (`begin`). */
  readonly manyRequests?: boolean;
}

export type Method = UnaryMethod | StreamingMethod;

/** Returns the error for bytes that are not a message. */
export function malformedRequest(cause: unknown): ServiceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ServiceError('invalid-input', `The request is not a valid protobuf message: ${reason}.`, { cause });
}

/** Returns the error for a call that a replica ends because it shuts down. */
export function shuttingDown(): ServiceError {
  return new ServiceError('shutting-down', 'This replica is shutting down. Call again to reach another replica.');
}
