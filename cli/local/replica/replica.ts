// Longer than most files: the life of a replica is one state machine. Its parts (probes, back-off, process,
// environment) are files of their own.
import { ports } from '../../../service/contract/index.ts';
import { describeReason, type ReplicaStatus, type Termination } from '../../deployment-status.ts';
import type { Container } from '../../kubernetes.ts';
import type { LogFile } from '../log-file.ts';
import { RestartBackoff } from './restart-backoff.ts';
import { check, type ProbeFailure } from './check.ts';
import type { Clock } from './clock.ts';
import { type ContainerProcess, startContainer } from './container-process.ts';
import { freePorts } from './ports.ts';
import { probeContainer, type Unhealthy } from './prober.ts';
import type { ProcessId } from './process-id.ts';
import { containerProgram } from './container-program.ts';
import type { ReplicaEvent } from './replica-event.ts';

export interface ReplicaOptions {
  readonly name: string;
  readonly container: Container;
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
  readonly onEvent: (event: ReplicaEvent) => void;
  /** Called when anything in `status()` has changed. */
  readonly onChange: () => void;
}

/** Why a replica isn't ready, or why it last restarted: a code, and text about it. */
interface State {
  readonly reason?: 'ContainerCreating' | 'CrashLoopBackOff' | 'Unhealthy' | 'Terminating' | 'Error' | 'Completed';
  readonly message?: string;
}

/** How a container ended, and the message that `status` shows for it. */
interface End {
  readonly termination: Termination;
  readonly state: State;
}

/** What a request in flight gets when the files change: somebody waits to see the new ones. */
const replaceGraceSeconds = 1;

/** One replica: a container that restarts in place under the same name, as the kubelet restarts it. */
export class Replica {
  readonly name: string;
  readonly #options: ReplicaOptions;
  #backoff = new RestartBackoff();
  /** Aborts the run that goes on, or the wait for the next one, for the sake of a new one. */
  #replacing = new AbortController();
  readonly #stopping = new AbortController();
  readonly #stopped = Promise.withResolvers<undefined>();
  readonly #killed = new AbortController();
  readonly #running: Promise<void>;
  #process: ContainerProcess | undefined;
  #startedAt = '';
  /** This machine's ports by the container's. They change with each start, since another program may have taken one. */
  #ports: ReadonlyMap<number, number> = new Map();
  #ready = false;
  #restarts = 0;
  /** The last message of a probe, to report each message once. */
  #lastProbeMessage = '';
  /** The service has reported that it will not become ready. */
  #failedForGood = false;
  #state: State = { reason: 'ContainerCreating' };
  #lastEnd: End | undefined;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.name = options.name;
    this.#running = this.#run();
  }

  /** Undefined while no process runs. */
  get id(): ProcessId | undefined {
    return this.#process?.id;
  }

  /** Returns this machine's port for one of the container's ports; undefined while the replica isn't ready. */
  endpoint(port = this.#options.servingPort): number | undefined {
    return this.#ready ? this.#ports.get(port) : undefined;
  }

  /** This machine's port for the metrics; undefined if the container has none, or while no process runs. */
  get managementPort(): number | undefined {
    const port = this.#options.container.ports?.find(({ name }) => name === ports.management.name);
    return port === undefined || this.id === undefined ? undefined : this.#ports.get(port.containerPort);
  }

  /** Whether waiting is pointless: it crashes repeatedly, or reports that it will not become ready. */
  get cannotBecomeReady(): boolean {
    return !this.#ready && (this.#failedForGood || this.#state.reason === 'CrashLoopBackOff');
  }

  status(): ReplicaStatus {
    return {
      name: this.name,
      ready: this.#ready,
      restarts: this.#restarts,
      ...this.#state,
      ...(this.#lastEnd !== undefined && { lastTermination: this.#lastEnd.termination }),
      ...(this.id === undefined ? {} : { startedAt: this.#startedAt, pid: this.id.pid }),
    };
  }

  /** Stops it for good: SIGTERM, then SIGKILL after the grace period. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#stopped.resolve(undefined);
    await this.#running;
  }

  /** Starts it anew, with the files as they are now. It doesn't wait for a back-off, and counts no restart. */
  replace(): void {
    this.#replacing.abort();
  }

  /** Cuts a grace period short: SIGKILL now. */
  kill(): void {
    this.#killed.abort();
  }

  async #run(): Promise<void> {
    const { clock, restartPolicy, log } = this.#options;
    while (!this.#isStopping()) {
      const start = clock.now();
      const { termination, state } = await this.#runContainer();
      if (this.#forget()) continue;
      if (
        this.#isStopping() ||
        restartPolicy === 'Never' ||
        (restartPolicy === 'OnFailure' && termination.exitCode === 0)
      )
        break;

      const seconds = this.#backoff.next((clock.now() - start) / 1000);
      if (seconds > 0) {
        const message = `back-off ${seconds}s restarting failed container (${describeReason(state) ?? ''})`;
        this.#change(false, { reason: 'CrashLoopBackOff', message });
        this.#event('BackOff', message);
        await clock.sleep(seconds * 1000, AbortSignal.any([this.#stopping.signal, this.#replacing.signal]));
      }
      if (!this.#forget() && !this.#isStopping()) this.#restarts += 1;
    }
    log.close();
  }

  /** If it is being replaced: what happened before is no longer of interest. */
  #forget(): boolean {
    if (!this.#replacing.signal.aborted) return false;
    this.#backoff = new RestartBackoff();
    this.#lastEnd = undefined;
    return true;
  }

  /** Runs the container once, until it exits, is killed as unhealthy, or is stopped. */
  async #runContainer(): Promise<End> {
    const { container, root, env, servingPort, clock, log, graceSeconds } = this.#options;
    this.#ports = await freePorts([
      ...new Set([servingPort, ...(container.ports ?? []).map(({ containerPort }) => containerPort)]),
    ]);
    if (this.#isStopping()) return endOf(0, undefined);
    const replacing = new AbortController();
    this.#replacing = replacing;
    const program = containerProgram(container, root, env, servingPort, this.#ports);
    const process = startContainer(
      program,
      (chunk) => {
        log.write(chunk);
      },
      clock,
    );
    this.#process = process;
    this.#startedAt = new Date().toISOString();
    this.#change(false, this.#lastEnd?.state ?? {});
    this.#event(
      'Started',
      process.id === undefined
        ? `cannot start ${program.argv.join(' ')}`
        : `${program.argv.join(' ')}, pid ${process.id.pid}`,
    );

    const over = new AbortController();
    const unhealthy = Promise.withResolvers<Unhealthy>();
    void probeContainer({
      probes: container,
      check: (probe) => check(probe, { localPort: (port) => this.#localPort(port), surroundings: program }),
      clock,
      onReadiness: (ready, failure) => {
        if (!over.signal.aborted) this.#onReadiness(ready, failure);
      },
      onUnhealthy: unhealthy.resolve,
      signal: over.signal,
    });
    const replaced = new Promise<undefined>((resolve) => {
      replacing.signal.addEventListener('abort', () => {
        resolve(undefined);
      });
    });
    const why = await Promise.race([
      process.exited.then(() => undefined),
      unhealthy.promise,
      this.#stopped.promise,
      replaced,
    ]);
    over.abort();

    if (replacing.signal.aborted && !this.#isStopping()) {
      this.#change(false, { reason: 'Terminating' });
      this.#event('Killing', 'its files have changed; it will be replaced');
      await process.terminate(Math.min(graceSeconds, replaceGraceSeconds), this.#killed.signal);
    } else if (why !== undefined || this.#isStopping()) {
      this.#change(
        false,
        why === undefined ? { reason: 'Terminating' } : { reason: 'Unhealthy', message: why.message },
      );
      this.#event(
        'Killing',
        why === undefined ? `it has ${graceSeconds} s to shut down` : `${why.message}; it will be restarted`,
      );
      await process.terminate(why?.graceSeconds ?? graceSeconds, this.#killed.signal);
    }
    const end = endOf(await process.exited, why);
    this.#process = undefined;
    this.#failedForGood = false;
    this.#lastEnd = end;
    this.#change(false, end.state);
    this.#event('Exited', `exit code ${end.termination.exitCode}`);
    return end;
  }

  #onReadiness(ready: boolean, failure?: ProbeFailure): void {
    const message = failure?.message ?? '';
    // While it starts, each new message is reported once; that nothing listens yet is not worth reporting.
    const known = message === this.#lastProbeMessage || failure?.refused === true;
    const changed = ready !== this.#ready || (!ready && !known);
    this.#lastProbeMessage = message;
    this.#failedForGood = failure?.final === true;
    this.#change(ready, ready ? (this.#lastEnd?.state ?? {}) : { reason: 'Unhealthy', message });
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

  #change(ready: boolean, state: State): void {
    this.#ready = ready;
    this.#state = state;
    this.#options.onChange();
  }

  #event(reason: ReplicaEvent['reason'], message: string): void {
    this.#options.onEvent({ replica: this.name, reason, message });
  }
}

/** @param unhealthy why the container was killed, if it was */
function endOf(exitCode: number, unhealthy: Unhealthy | undefined): End {
  const reason = unhealthy !== undefined ? 'Unhealthy' : exitCode === 0 ? 'Completed' : 'Error';
  const message = unhealthy?.message ?? (exitCode === 0 ? undefined : `exit code ${exitCode}`);
  return {
    termination: { reason, exitCode, finishedAt: new Date().toISOString() },
    state: { reason, ...(message !== undefined && { message }) },
  };
}
