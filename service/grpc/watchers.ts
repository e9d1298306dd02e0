import { ServiceError } from '../errors.ts';
import { Sweep } from '../inference/queue/deadlines.ts';
import type { Messages, StreamingCall } from './method.ts';
import { codecOf, services, type Codec } from './protos.ts';

/** How often the state is checked. Readiness does not run the examples more often either. */
const CHECK_MILLISECONDS = 1000;

export interface HealthCheckRequest {
  /** The full name of a service. Without it, the whole server is meant, which is the same here. */
  readonly service?: string;
}

export interface HealthCheckResponse {
  readonly status: 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
}

export interface WatchLimits {
  /** The most calls of Watch. */
  readonly watches: number;
  /** The most of one connection. A client has one for each service that it uses. */
  readonly watchesPerConnection: number;
}

export const defaultWatchLimits: WatchLimits = { watches: 1024, watchesPerConnection: 16 };

/** Returns whether there is a service. */
export const isKnown = (service: string): boolean => service === '' || service === services.inference;

interface Watcher {
  readonly call: StreamingCall;
  /** Undefined until the request has been read. */
  service: string | undefined;
  /** The state that the client knows. */
  told: HealthCheckResponse['status'] | undefined;
}

/** The calls of Watch: each gets the state, and again whenever it changes. One check per second serves all. */
export class Watchers {
  readonly #ready: () => Promise<boolean>;
  readonly #limits: WatchLimits;
  readonly #watchers = new Set<Watcher>();
  readonly #perConnection = new Map<object, number>();
  readonly #frames = new Map<HealthCheckResponse['status'], Buffer>();
  readonly #sweep = new Sweep(CHECK_MILLISECONDS, () => {
    void this.#update();
    return this.#watchers.size > 0;
  });
  #codec: Promise<Codec<HealthCheckRequest, HealthCheckResponse>> | undefined;
  #updating = false;

  constructor(ready: () => Promise<boolean>, limits: WatchLimits) {
    this.#ready = ready;
    this.#limits = limits;
  }

  /** @throws {ServiceError} `overloaded` if there are too many calls */
  open(call: StreamingCall): Messages {
    const { connection } = call;
    const own = this.#perConnection.get(connection) ?? 0;
    if (own >= this.#limits.watchesPerConnection)
      throw new ServiceError('overloaded', `This connection already has ${own} calls of Watch. Reuse one of them.`);
    if (this.#watchers.size >= this.#limits.watches) this.#makeRoom(own);
    const watcher: Watcher = { call, service: undefined, told: undefined };
    this.#watchers.add(watcher);
    this.#perConnection.set(connection, own + 1);
    // It has limits of its own.
    call.working(true);
    let asked = false;
    return {
      onMessage: (bytes) => {
        // The method has one request.
        if (asked) return;
        asked = true;
        this.#start(watcher, bytes).catch((error: unknown) => {
          call.fail(error);
        });
      },
      onClose: () => {
        this.#remove(watcher);
      },
    };
  }

  async #start(watcher: Watcher, bytes: Buffer): Promise<void> {
    this.#codec ??= codecOf<HealthCheckRequest, HealthCheckResponse>('health', 'Watch');
    watcher.service = (await this.#codec).decode(bytes).service ?? '';
    this.#sweep.start();
    await this.#update();
  }

  /** Checks the state, and tells it to those who do not know it, also to those who come meanwhile. */
  async #update(): Promise<void> {
    if (this.#updating || this.#codec === undefined) return;
    this.#updating = true;
    try {
      const { encode } = await this.#codec;
      const state = (await this.#ready()) ? 'SERVING' : 'NOT_SERVING';
      for (const watcher of this.#watchers) {
        if (watcher.service === undefined) continue;
        const status = isKnown(watcher.service) ? state : 'SERVICE_UNKNOWN';
        if (status === watcher.told) continue;
        watcher.told = status;
        let frame = this.#frames.get(status);
        if (frame === undefined) this.#frames.set(status, (frame = encode({ status })));
        watcher.call.send(frame);
      }
    } catch (error) {
      for (const { call } of this.#watchers) call.fail(error);
    } finally {
      this.#updating = false;
    }
  }

  /**
   * Ends a call of the connection that has the most, unless the new call's connection would then have as many. So no
   * client can take the place of others.
   *
   * @param own how many the connection of the new call has
   */
  #makeRoom(own: number): void {
    let [busiest, most]: [object | undefined, number] = [undefined, own + 1];
    for (const [connection, count] of this.#perConnection) if (count > most) [busiest, most] = [connection, count];
    const error = new ServiceError('overloaded', `There are already ${this.#watchers.size} calls of Watch.`);
    if (busiest === undefined) throw error;
    for (const watcher of this.#watchers) {
      if (watcher.call.connection !== busiest) continue;
      this.#remove(watcher);
      watcher.call.fail(error);
      return;
    }
  }

  #remove(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher)) return;
    const { connection } = watcher.call;
    const left = (this.#perConnection.get(connection) ?? 1) - 1;
    if (left > 0) this.#perConnection.set(connection, left);
    else this.#perConnection.delete(connection);
  }
}
