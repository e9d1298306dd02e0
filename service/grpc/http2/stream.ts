import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Encoding } from '../../exchange/encodings.ts';
import { ACCEPTED_ENCODINGS, compressFrame, decompress, responseEncodingOf, UnknownEncoding } from './compression.ts';
import { MessageReader, MessageTooLarge } from './messages.ts';
import type { Connection } from './sessions.ts';
import { encodeMessage, OK, StatusCode, type Status } from './status-codes.ts';

/** What a call does with what arrives. */
export interface Receiver {
  onMessage(message: Buffer): void;
  /** A message is incomplete so far. */
  onPart(bytes: number): void;
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

/** RFC 9113, section 7: the end of a stream without an error; and of one that is no longer needed. */
const NO_ERROR = 0x0;
const CANCEL = 0x8;

/** One call on the wire: messages and a status over one stream of HTTP/2. */
export class GrpcStream {
  readonly connection: Connection;
  readonly #stream: ServerHttp2Stream;
  readonly #encoding: string | undefined;
  readonly #responseEncoding: Encoding | undefined;
  readonly #limit: number;
  readonly #reader: MessageReader;
  #decompressing = false;
  /** Whether the call takes no message at present. */
  #held = false;
  #halfClosed = false;
  #status: Status | undefined;
  #receiver: Receiver | undefined;

  /** @param limit the size of the largest message */
  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, limit: number, connection: Connection) {
    this.connection = connection;
    this.#stream = stream;
    this.#encoding = headers['grpc-encoding'] as string | undefined;
    if (this.#encoding !== undefined) this.#responseEncoding = responseEncodingOf(headers);
    this.#limit = limit;
    this.#reader = new MessageReader(limit);
    // A stream that the client resets has an error. `close` follows it.
    stream.on('error', ignore).on('close', () => {
      connection.closed();
      this.#receiver?.onClose();
    });
  }

  /** Names the receiver, which learns when the stream has ended. */
  attach(receiver: Receiver): void {
    this.#receiver = receiver;
  }

  /** Starts to read. Before, what arrives is not read. */
  read(receiver: Receiver): void {
    this.#stream
      .on('data', (chunk: Buffer) => {
        // If the call has ended, the client has yet to read that, and may send without end until then.
        if (this.#status !== undefined) return;
        this.#reader.push(chunk);
        this.#deliver(receiver);
      })
      .on('end', () => {
        // A stream that its client resets ends too.
        if (this.#stream.aborted) return;
        this.#halfClosed = true;
        this.#deliver(receiver);
      });
  }

  /** Passes on no further message, and reads no further, until `release`. */
  hold(): void {
    this.#held = true;
    this.#stream.pause();
  }

  release(): void {
    if (!this.#held || this.#status !== undefined) return;
    this.#held = false;
    this.#stream.resume();
    if (this.#receiver !== undefined) this.#deliver(this.#receiver);
  }

  /** Passes on what has arrived, until a message has to be decompressed first: messages stay in order. */
  #deliver(receiver: Receiver): void {
    if (this.#decompressing) return;
    try {
      while (this.#status === undefined && !this.#held) {
        const next = this.#reader.next();
        if (next === undefined) break;
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
    if (this.#status !== undefined || this.#held) return;
    const { pending } = this.#reader;
    if (!this.#halfClosed) {
      if (pending > 0) receiver.onPart(pending);
      return;
    }
    if (pending > 0) receiver.onViolation({ code: 'INTERNAL', message: 'The last message is incomplete.' });
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
    if (!this.#held) this.#stream.resume();
    this.#deliver(receiver);
  }

  /** Compresses a message of the response, if the client compresses its requests and that is worthwhile. */
  compress(frame: Buffer): Buffer | Promise<Buffer> {
    return compressFrame(frame, this.#responseEncoding);
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

  /**
   * Sends one of several messages. Does not stop reading while the client does not read.
   *
   * @param sent called when the client has taken it, or will not
   */
  write(frame: Buffer, metadata: Metadata, sent: () => void): void {
    if (!this.#open(metadata)) sent();
    else
      this.#stream.write(frame, () => {
        sent();
      });
  }

  /** Ends the call with its status. */
  end(status: Status, metadata: Metadata): void {
    if (this.#over()) return;
    this.#status = status;
    this.#reader.clear();
    if (this.#stream.headersSent) {
      // Behind what the client does not read, the status of a failure would not arrive either.
      if (status !== OK && this.#stream.writableNeedDrain) this.cut();
      else this.#stream.end();
      // What the client still sends is dropped.
      this.#stream.resume();
      return;
    }
    this.#stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', ...metadata, ...trailers(status) },
      LAST,
    );
    // The client may still be sending. RFC 9113, section 8.1: a server may then tell it to stop.
    if (!this.#stream.readableEnded) this.#stream.close(NO_ERROR);
  }

  /** Ends the stream at once. What has not been sent is dropped. */
  cut(): void {
    if (!this.#stream.closed) this.#stream.close(CANCEL);
    this.#stream.destroy();
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
        ...(this.#responseEncoding !== undefined && { 'grpc-encoding': this.#responseEncoding }),
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
