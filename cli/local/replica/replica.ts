import type { ReplicaStatus } from '../../deployment-status.ts';
import { RestartBackoff } from './backoff.ts';
import { check, type Failing } from './check.ts';
import type { Clock } from './clock.ts';
import { type Container, startContainer } from './container.ts';
import type { Container as ContainerSpec } from '../../kubernetes.ts';
import type { LogFile } from '../log-file.ts';
import { freePorts } from './ports.ts';
import { probeContainer, type Unhealthy } from './prober.ts';
import type { ProcessId } from './process-id.ts';
import { containerProgram } from './program.ts';

/** Something that happened to a replica; `reason` as the kubelet words its events, with two of our own: `Ready`, `Exited`. */
export interface EngineEvent {
  readonly replica: string;
  readonly reason: 'Started' | 'Ready' | 'Unhealthy' | 'Killing' | 'Exited' | 'BackOff';
  readonly message: string;
}

export interface ReplicaOptions {
  readonly name: string;
  readonly container: ContainerSpec;
  /** The project's folder, which stands for the image's working directory. */
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  /** The container's port that the Service leads to. */
  readonly servingPort: number;
  /** `Always`, `OnFailure` or `Never`. */
  readonly restartPolicy: string;
  readonly graceSeconds: number;
  readonly log: LogFile;
  readonly clock: Clock;
  readonly onEvent: (event: EngineEvent) => void;
  /** Called when anything in `status()` has changed. */
  readonly onChange: () => void;
}

/** One replica: a container that is started again in place, under the same name, as the kubelet does it. */
export class Replica {
  readonly name: string;
  readonly #options: ReplicaOptions;
  readonly #backoff = new RestartBackoff();
  readonly #stopping = new AbortController();
  readonly #stopped = Promise.withResolvers<undefined>();
  readonly #hurry = new AbortController();
  readonly #running: Promise<void>;
  #container: Container | undefined;
  /** This machine's ports by the container's. Others with each start: one can have been taken in between. */
  #ports: ReadonlyMap<number, number> = new Map();
  #ready = false;
  #restarts = 0;
  /** The last message of a probe. */
  #told = '';
  #hopeless = false;
  #reason: string | undefined = 'ContainerCreating';
  /** How the run before ended. */
  #lastEnd: string | undefined;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.name = options.name;
    this.#running = this.#run();
  }

  /** Undefined while nothing runs. */
  get id(): ProcessId | undefined {
    return this.#container?.id;
  }

  /** The port of this machine that stands for one of the container's; undefined while it is not ready. */
  endpoint(port = this.#options.servingPort): number | undefined {
    return this.#ready ? this.#ports.get(port) : undefined;
  }

  /** It crashes again and again, or says itself that it will not get ready. */
  get hopeless(): boolean {
    return !this.#ready && (this.#hopeless || this.#reason?.startsWith('CrashLoopBackOff') === true);
  }

  status(): ReplicaStatus {
    return {
      name: this.name,
      ready: this.#ready,
      restarts: this.#restarts,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      ...(this.id === undefined ? {} : { pid: this.id.pid }),
    };
  }

  /** Ends it for good: SIGTERM, and after the grace period SIGKILL. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#stopped.resolve(undefined);
    await this.#running;
  }

  /** What is left of a grace period is not waited for. */
  hurry(): void {
    this.#hurry.abort();
  }

  async #run(): Promise<void> {
    const { clock, restartPolicy, log } = this.#options;
    while (!this.#isStopping()) {
      const start = clock.now();
      const code = await this.#runContainer();
      if (this.#isStopping() || restartPolicy === 'Never' || (restartPolicy === 'OnFailure' && code === 0)) break;

      const seconds = this.#backoff.next((clock.now() - start) / 1000);
      if (seconds > 0) {
        const message = `back-off ${seconds}s restarting failed container (${this.#lastEnd ?? ''})`;
        this.#change(false, `CrashLoopBackOff: ${message}`);
        this.#event('BackOff', message);
        await clock.sleep(seconds * 1000, this.#stopping.signal);
      }
      if (!this.#isStopping()) this.#restarts += 1;
    }
    log.close();
  }

  /** From start to end, whether it ends by itself, is unhealthy or is stopped. Returns the exit code. */
  async #runContainer(): Promise<number> {
    const { container: spec, root, env, servingPort, clock, log, graceSeconds } = this.#options;
    this.#ports = await freePorts([
      ...new Set([servingPort, ...(spec.ports ?? []).map(({ containerPort }) => containerPort)]),
    ]);
    if (this.#isStopping()) return 0;
    const program = containerProgram(spec, root, env, servingPort, this.#ports);
    const container = startContainer(
      program,
      (chunk) => {
        log.write(chunk);
      },
      clock,
    );
    this.#container = container;
    this.#change(false, this.#lastEnd);
    this.#event(
      'Started',
      container.id === undefined
        ? `cannot start ${program.argv.join(' ')}`
        : `${program.argv.join(' ')}, pid ${container.id.pid}`,
    );

    const over = new AbortController();
    const unhealthy = Promise.withResolvers<Unhealthy>();
    void probeContainer({
      probes: spec,
      check: (probe) => check(probe, { localPort: (port) => this.#localPort(port), surroundings: program }),
      clock,
      onReadiness: (ready, failing) => {
        if (!over.signal.aborted) this.#onReadiness(ready, failing);
      },
      onUnhealthy: unhealthy.resolve,
      signal: over.signal,
    });
    const why = await Promise.race([container.exited.then(() => undefined), unhealthy.promise, this.#stopped.promise]);
    over.abort();

    if (why !== undefined || this.#isStopping()) {
      this.#change(false, why === undefined ? 'Terminating' : `Unhealthy: ${why.message}`);
      this.#event(
        'Killing',
        why === undefined ? `it gets ${graceSeconds} s to end` : `${why.message}; it will be restarted`,
      );
      await container.terminate(why?.graceSeconds ?? graceSeconds, this.#hurry.signal);
    }
    const code = await container.exited;
    this.#container = undefined;
    this.#hopeless = false;
    this.#lastEnd =
      why !== undefined ? `Unhealthy: ${why.message}` : code === 0 ? 'Completed' : `Error: exit code ${code}`;
    this.#change(false, this.#lastEnd);
    this.#event('Exited', `exit code ${code}`);
    return code;
  }

  #onReadiness(ready: boolean, { message, final }: Failing = { message: '' }): void {
    // While it starts too, each new reason once; that nothing listens yet is no news.
    const told = message === this.#told || message.includes('ECONNREFUSED');
    const changed = ready !== this.#ready || (!ready && !told);
    this.#told = message;
    this.#hopeless = final === true;
    this.#change(ready, ready ? this.#lastEnd : `Unhealthy: ${message}`);
    if (changed)
      this.#event(ready ? 'Ready' : 'Unhealthy', ready ? `it serves at 127.0.0.1:${this.endpoint() ?? 0}` : message);
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  #localPort(port: number | string): number {
    const number =
      typeof port === 'number'
        ? port
        : (this.#options.container.ports?.find(({ name }) => name === port)?.containerPort ?? 0);
    return this.#ports.get(number) ?? number;
  }

  #change(ready: boolean, reason: string | undefined): void {
    this.#ready = ready;
    this.#reason = reason;
    this.#options.onChange();
  }

  #event(reason: EngineEvent['reason'], message: string): void {
    this.#options.onEvent({ replica: this.name, reason, message });
  }
}
