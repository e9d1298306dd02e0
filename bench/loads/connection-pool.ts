import { connect, type Socket } from 'node:net';
import { ResponseParser } from './response-parser.ts';

/** The status of a response, or why there was none. */
export type Outcome = number | 'connection closed' | 'no response';

interface Job {
  readonly bytes: Buffer;
  readonly done: (outcome: Outcome) => void;
}

/** Connections of a load generator. Requests that find none free wait for one; their latency includes that. */
export class ConnectionPool {
  readonly #port: number;
  readonly #limit: number;
  readonly #idle: Connection[] = [];
  readonly #all = new Set<Connection>();
  readonly #waiting: Job[] = [];
  #firstWaiting = 0;

  constructor(port: number, limit: number) {
    this.#port = port;
    this.#limit = limit;
  }

  send(bytes: Buffer, done: (outcome: Outcome) => void): void {
    const job = { bytes, done };
    const connection = this.#idle.pop() ?? this.#open();
    if (connection === undefined) this.#waiting.push(job);
    else connection.start(job);
  }

  close(): void {
    for (const connection of this.#all) connection.destroy();
  }

  #open(): Connection | undefined {
    if (this.#all.size >= this.#limit) return undefined;
    const connection: Connection = new Connection(connect(this.#port, '127.0.0.1'), {
      free: () => {
        this.#reuse(connection);
      },
      gone: () => {
        this.#all.delete(connection);
        const at = this.#idle.indexOf(connection);
        if (at >= 0) this.#idle.splice(at, 1);
        const job = this.#nextWaiting();
        if (job) this.send(job.bytes, job.done);
      },
    });
    this.#all.add(connection);
    return connection;
  }

  #reuse(connection: Connection): void {
    const job = this.#nextWaiting();
    if (job === undefined) this.#idle.push(connection);
    else connection.start(job);
  }

  #nextWaiting(): Job | undefined {
    const job = this.#waiting[this.#firstWaiting];
    if (job === undefined) return undefined;
    this.#firstWaiting += 1;
    // Removing the first of a long array each time would cost more than the requests.
    if (this.#firstWaiting >= 10_000) {
      this.#waiting.splice(0, this.#firstWaiting);
      this.#firstWaiting = 0;
    }
    return job;
  }
}

interface Owner {
  readonly free: () => void;
  readonly gone: () => void;
}

class Connection {
  readonly #socket: Socket;
  readonly #owner: Owner;
  readonly #parser = new ResponseParser();
  #job: Job | undefined;

  constructor(socket: Socket, owner: Owner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      const response = this.#parser.push(chunk);
      if (response === undefined) return;
      const job = this.#job;
      this.#job = undefined;
      job?.done(response.status);
      if (response.closes) socket.destroy();
      else owner.free();
    });
    // 'close' follows.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      const job = this.#job;
      this.#job = undefined;
      job?.done('connection closed');
      this.#owner.gone();
    });
  }

  start(job: Job): void {
    this.#job = job;
    this.#socket.write(job.bytes);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
