import { ServiceError } from '../errors.ts';

/** What a method can read and set of its call. */
export interface Call {
  readonly requestId: string;
  /** Until when the response is of use, in milliseconds as in `performance.now()`. */
  readonly deadline: number;
  /** Returns true once nobody waits for the response. */
  readonly abandoned: () => boolean;
  /** The name of the model that the call uses, for the log and the metrics. */
  model: string | undefined;
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
}

/** Receives what a client sends in a streaming call. */
export interface Messages {
  onMessage(message: Buffer): void;
  onHalfClose?(): void;
  /** The stream of the call is closed: nothing of it is in memory any longer. */
  onClose?(): void;
}

interface Common {
  /** `/package.Service/Method` */
  readonly path: string;
  /** Whether the method is for probes and tools: it needs no API key, and is logged at `debug`. */
  readonly open?: boolean;
  /** Whether a call lasts until its client ends it. */
  readonly endless?: boolean;
}

/** A method with one request and one response. */
export interface UnaryMethod extends Common {
  /** Resolves with the message of the response, with its prefix (`frameMessage`). */
  readonly respond: (request: Buffer, call: Call) => Promise<Buffer>;
}

export interface StreamingMethod extends Common {
  readonly stream: (call: StreamingCall) => Messages;
}

export type Method = UnaryMethod | StreamingMethod;

/** Returns the error for bytes that are not a message. */
export function malformedRequest(cause: unknown): ServiceError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ServiceError('invalid-input', `The request is not a valid protobuf message: ${reason}.`, { cause });
}
