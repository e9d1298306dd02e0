import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { ACCEPTED_ENCODINGS, decompress, UnknownEncoding } from './compression.ts';
import { MessageReader, MessageTooLarge } from './messages.ts';
import { encodeMessage, OK, StatusCode, type Status } from './status-codes.ts';

/** What a call does with what arrives. */
export interface Receiver {
  onMessage(message: Buffer): void;
  /** The client sends no further messages. */
  onHalfClose(): void;
  /** The client breaks the protocol or a limit. The call has to end the stream. */
  onViolation(violation: Violation): void;
  /**
   * The stream has ended: because the call has ended it, because the client has cancelled it, or because it has left.
   */
  onClose(): void;
}

export type Violation = 'too-large' | Status;

/** Headers that the application adds to a response. */
type Metadata = Readonly<Record<string, string>>;

/** RFC 9113, section 7: the end of a stream without an error. */
const NO_ERROR = 0x0;

/** One call on the wire: messages and a status over one stream of HTTP/2. */
export class GrpcStream {
  readonly #stream: ServerHttp2Stream;
  readonly #encoding: string | undefined;
  readonly #limit: number;
  readonly #reader: MessageReader;
  #decompressing = false;
  #halfClosed = false;
  #status: Status | undefined;

  /** @param limit the size of the largest message */
  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, limit: number) {
    this.#stream = stream;
    this.#encoding = headers['grpc-encoding'] as string | undefined;
    this.#limit = limit;
    this.#reader = new MessageReader(limit);
    // A stream that the client resets has an error. `close` follows it.
    stream.on('error', ignore);
  }

  /** Starts to read. Without a receiver, what arrives is not read. */
  receive(receiver: Receiver): void {
    this.#stream
      .on('data', (chunk: Buffer) => {
        this.#reader.push(chunk);
        this.#deliver(receiver);
      })
      .on('end', () => {
        // A stream that its client resets ends too.
        if (this.#stream.aborted) return;
        this.#halfClosed = true;
        this.#deliver(receiver);
      })
      .on('close', () => {
        receiver.onClose();
      });
  }

  /** Passes on what has arrived, until a message has to be decompressed first: messages stay in order. */
  #deliver(receiver: Receiver): void {
    if (this.#decompressing) return;
    try {
      for (let next; this.#status === undefined && (next = this.#reader.next()) !== undefined;) {
        if (next.compressed) {
          void this.#decompress(next.bytes, receiver);
          return;
        }
        receiver.onMessage(next.bytes);
      }
    } catch (error) {
      if (!(error instanceof MessageTooLarge)) throw error;
      receiver.onViolation('too-large');
    }
    if (!this.#halfClosed || this.#status !== undefined) return;
    if (this.#reader.incomplete) receiver.onViolation({ code: 'INTERNAL', message: 'The last message is incomplete.' });
    else receiver.onHalfClose();
  }

  async #decompress(bytes: Buffer, receiver: Receiver): Promise<void> {
    this.#decompressing = true;
    this.#stream.pause();
    let message: Buffer | undefined;
    try {
      message = await decompress(bytes, this.#encoding, this.#limit);
    } catch (error) {
      receiver.onViolation(violationOf(error, this.#encoding));
    }
    this.#decompressing = false;
    if (message === undefined || this.#status !== undefined) return;
    receiver.onMessage(message);
    this.#stream.resume();
    this.#deliver(receiver);
  }

  /** Sends one message and the status OK. @param frame the message with its prefix */
  respond(frame: Buffer, metadata: Metadata): void {
    if (!this.#open(metadata)) return;
    this.#status = OK;
    this.#stream.end(frame);
  }

  /**
   * Sends one of several messages. Stops reading while the client does not read.
   *
   * @param frame the message with its prefix
   */
  send(frame: Buffer, metadata: Metadata): void {
    if (!this.#open(metadata) || this.#stream.write(frame)) return;
    this.#stream.pause();
    this.#stream.once('drain', () => this.#stream.resume());
  }

  /** Ends the call with its status. */
  end(status: Status, metadata: Metadata): void {
    if (this.#over()) return;
    this.#status = status;
    if (this.#stream.headersSent) {
      this.#stream.end();
      return;
    }
    this.#stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', ...metadata, ...trailers(status) },
      LAST,
    );
    // The client may still be sending. RFC 9113, section 8.1: a server may then tell it to stop.
    if (!this.#stream.readableEnded) this.#stream.close(NO_ERROR);
  }

  /** Sends the headers of the response, unless they have been sent. Returns whether the stream can be written to. */
  #open(metadata: Metadata): boolean {
    if (this.#over()) return false;
    const stream = this.#stream;
    if (stream.headersSent) return true;
    stream.respond(
      {
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-accept-encoding': ACCEPTED_ENCODINGS,
        ...metadata,
      },
      MORE,
    );
    stream.on('wantTrailers', () => {
      if (!stream.closed && !stream.destroyed) stream.sendTrailers(trailers(this.#status ?? OK));
    });
    return true;
  }

  #over(): boolean {
    return this.#status !== undefined || this.#stream.destroyed || this.#stream.closed;
  }
}

const MORE = { waitForTrailers: true, sendDate: false };
const LAST = { endStream: true, sendDate: false };

function ignore(): void {
  // The stream's `close` is what counts.
}

function trailers({ code, message }: Status): Record<string, string | number> {
  return { 'grpc-status': StatusCode[code], ...(message !== '' && { 'grpc-message': encodeMessage(message) }) };
}

function violationOf(error: unknown, encoding: string | undefined): Violation {
  if (error instanceof MessageTooLarge) return 'too-large';
  if (error instanceof UnknownEncoding) {
    return {
      code: 'UNIMPLEMENTED',
      message: `Messages are compressed with '${encoding ?? 'nothing'}', expected one of ${ACCEPTED_ENCODINGS}.`,
    };
  }
  return { code: 'INTERNAL', message: 'The message cannot be decompressed.' };
}
