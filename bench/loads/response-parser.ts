/** Reads the responses of one connection: status and end. It knows only what a load generator has to. */
export class ResponseParser {
  #pending: Buffer = Buffer.alloc(0);
  /** What is left of the current body; undefined while the head is incomplete. */
  #left: number | undefined;
  #status = 0;
  #closes = false;

  /** Reads a chunk. Returns the response that it completes; there is at most one, without pipelining. */
  push(chunk: Buffer): { readonly status: number; readonly closes: boolean } | undefined {
    if (this.#left === undefined) {
      this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
      const end = this.#pending.indexOf('\r\n\r\n');
      if (end < 0) return undefined;
      const head = this.#pending.toString('latin1', 0, end);
      this.#status = Number(head.slice(9, 12));
      const length = /^content-length: *(\d+)/im.exec(head)?.[1];
      if (length === undefined) throw new Error(`a response without Content-Length: ${head}`);
      this.#closes = /^connection: *close/im.test(head);
      this.#left = Number(length) - (this.#pending.length - end - 4);
      this.#pending = Buffer.alloc(0);
    } else this.#left -= chunk.length;
    if (this.#left > 0) return undefined;
    this.#left = undefined;
    return { status: this.#status, closes: this.#closes };
  }
}
