import type { DeploymentStatus } from '../deployment-status.ts';
import type { Load } from '../load/load.ts';
import type { Activity, BoardEvent, BoardInfo, BoardMessage, Result, Second, Traffic } from './messages.ts';

/** How much a page that is opened later still sees. */
const mostEvents = 200;
const mostSeconds = 180;
/** A request may take ten seconds and a retry, so that earlier seconds still change. */
const changing = 15;

/** Everything that the pages show, and who is told of changes. */
export class Feed {
  readonly #info: BoardInfo;
  #status: DeploymentStatus | string | undefined;
  #activity: Activity | null = null;
  readonly #events: BoardEvent[] = [];
  readonly #traffic: Traffic[] = [];
  readonly #seconds = new Map<number, Second>();
  readonly #results = new Map<string, Result>();
  readonly #listeners = new Set<(message: BoardMessage) => void>();

  constructor(info: BoardInfo) {
    this.#info = info;
  }

  /** Tells a page what it has missed, and what happens from now on. @returns a function that ends this */
  follow(listener: (message: BoardMessage) => void): () => void {
    listener({ kind: 'info', info: this.#info });
    if (this.#status !== undefined) listener({ kind: 'status', status: this.#status });
    listener({ kind: 'events', events: [...this.#events] });
    listener({ kind: 'traffic', traffic: [...this.#traffic] });
    listener({ kind: 'load', seconds: [...this.#seconds.values()] });
    for (const result of this.#results.values()) listener({ kind: 'result', result });
    listener({ kind: 'activity', activity: this.#activity });
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  status(status: DeploymentStatus | string): void {
    if (JSON.stringify(status) === JSON.stringify(this.#status)) return;
    this.#status = status;
    this.#tell({ kind: 'status', status });
  }

  events(events: readonly BoardEvent[]): void {
    if (events.length === 0) return;
    this.#events.push(...events);
    this.#events.splice(0, this.#events.length - mostEvents);
    this.#tell({ kind: 'events', events });
  }

  activity(activity: Activity | null): void {
    this.#activity = activity;
    this.#tell({ kind: 'activity', activity });
  }

  /** Takes over what the replicas have served. */
  served(traffic: Traffic): void {
    this.#traffic.push(traffic);
    this.#traffic.splice(0, this.#traffic.length - mostSeconds);
    this.#tell({ kind: 'traffic', traffic: [traffic] });
  }

  /** Takes over the last seconds of a load. */
  load(load: Pick<Load, 'recent'>): void {
    const { startedAt, perSecond } = load.recent(changing);
    const seconds = perSecond.map(({ second, sent, failed, p50, max }) => ({
      at: startedAt + second * 1000,
      sent,
      failed,
      p50,
      max,
    }));
    for (const second of seconds) this.#seconds.set(second.at, second);
    for (const at of [...this.#seconds.keys()].slice(0, -mostSeconds)) this.#seconds.delete(at);
    this.#tell({ kind: 'load', seconds });
  }

  result(result: Result): void {
    this.#results.set(result.name, result);
    this.#tell({ kind: 'result', result });
  }

  #tell(message: BoardMessage): void {
    for (const listener of this.#listeners) listener(message);
  }
}
