import { freeMemory } from '../../../onnx/engine/free-memory.ts';

/** At least the size of any element, so that every type of array can be a view. */
const ALIGNMENT = 8;
/** A client may declare more than it sends: as many times what has arrived is allocated at most... */
const MOST_AHEAD = 32;
/** ...or this much. */
const LEAST_BYTES = 16 * 1024;

/**
 * Puts the chunks of a body where the whole body will be. Binary tensors after the JSON then start where a typed array
 * can be a view of them, which spares another copy.
 */
export class BodyBuffer {
  readonly #declared: number | undefined;
  readonly #padding: number;
  #buffer: Buffer = Buffer.alloc(0);
  #filled = 0;

  /**
   * @param declared the length of the body; undefined if it is not known
   * @param jsonLength `Inference-Header-Content-Length`, if the request has it; it need not be valid
   */
  constructor(declared: number | undefined, jsonLength: string | undefined) {
    this.#declared = declared;
    const json = Number(jsonLength);
    this.#padding = Number.isSafeInteger(json) && json >= 0 ? (ALIGNMENT - (json % ALIGNMENT)) % ALIGNMENT : 0;
  }

  /** @param chunk is not usable any more if it is large */
  add(chunk: Uint8Array): void {
    this.copy(chunk);
    freeMemory(chunk);
  }

  /** As `add`, of a chunk that somebody else owns. */
  copy(chunk: Uint8Array): void {
    const filled = this.#filled + chunk.length;
    if (filled > this.#buffer.length) this.#grow(filled);
    this.#buffer.set(chunk, this.#filled);
    this.#filled = filled;
  }

  /** Returns what has arrived. */
  get body(): Buffer {
    return this.#buffer.subarray(0, this.#filled);
  }

  /** Frees what has arrived. It is not usable any more, as is the buffer. */
  free(): void {
    freeMemory(this.#buffer);
  }

  #grow(needed: number): void {
    const ahead =
      this.#declared === undefined
        ? Math.max(LEAST_BYTES, 2 * this.#buffer.length)
        : Math.min(this.#declared, Math.max(LEAST_BYTES, needed * MOST_AHEAD));
    const bytes = Math.max(needed, ahead);
    const smaller = this.#buffer;
    // Not from the pool, where it could start anywhere.
    this.#buffer = Buffer.allocUnsafeSlow(this.#padding + bytes).subarray(this.#padding);
    this.#buffer.set(smaller.subarray(0, this.#filled));
    freeMemory(smaller);
  }
}
