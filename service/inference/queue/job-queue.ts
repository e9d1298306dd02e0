import { sameRowShape, type Piece } from '../batch.ts';
import type { Job } from './job.ts';

/** Some rows of a job, as a part of a run. */
export interface JobPiece extends Piece {
  readonly job: Job;
}

/** More empty groups than this are forgotten. A model whose inputs vary in length may have any number of them. */
const MOST_EMPTY_GROUPS = 8;

/**
 * The jobs that wait for one model.
 *
 * Jobs that can share a run form a group: they request the same outputs, and their rows have the same shape. The groups
 * are served by the age of their oldest job. A job with more rows than a run takes goes to the end of the line after
 * each of its runs, so that smaller ones get in between.
 */
export class JobQueue {
  /** Jobs with rows that are not in a run yet... */
  jobs = 0;
  /** ...the number of these rows... */
  rows = 0;
  /** ...and the bytes of the jobs. */
  bytes = 0;
  readonly #inputs: readonly string[];
  readonly #groups = new Map<string, Group>();
  /** Most requests are like the one before. */
  #last: Group | undefined;
  #turns = 0;

  /** @param inputs the names of the model's inputs */
  constructor(inputs: readonly string[]) {
    this.#inputs = inputs;
  }

  push(job: Job): void {
    const last = this.#last;
    const group = last?.accepts(job, this.#inputs) === true ? last : this.#groupOf(job);
    this.#last = group;
    job.turn = this.#turns++;
    group.push(job);
    this.jobs++;
    this.rows += job.rows;
    this.bytes += job.bytes;
  }

  /**
   * Takes the rows of the next run out of the queue.
   *
   * @param most the most rows of one run; a job that is not divisible is taken whole
   * @param drop returns whether to drop a job instead of running it
   * @returns the pieces in the order of their jobs; none if the queue is empty
   */
  take(most: number, drop: (job: Job) => boolean): JobPiece[] {
    const pieces: JobPiece[] = [];
    for (let group = this.#next(); group !== undefined && pieces.length === 0; group = this.#next()) {
      this.#takeFrom(group, most, drop, pieces);
      if (group.first === undefined && this.#groups.size > MOST_EMPTY_GROUPS) this.#forget(group);
    }
    return pieces;
  }

  #takeFrom(group: Group, most: number, drop: (job: Job) => boolean, pieces: JobPiece[]): void {
    let room = most;
    let unfinished: Job | undefined;
    while (group.first !== undefined && room > 0) {
      const job: Job = group.first;
      const left = job.rows - job.taken;
      if (job.settled || drop(job)) {
        group.shift();
        this.#remove(job, left);
        continue;
      }
      if (!job.divisible) {
        if (pieces.length > 0) break;
        room = left;
      }
      // Only a job that needs several runs anyway is divided to fill this one.
      if (left > room && job.rows <= most) break;
      const rows = Math.min(left, room);
      pieces.push({ job, firstRow: job.taken, rows });
      job.taken += rows;
      room -= rows;
      this.rows -= rows;
      group.shift();
      if (job.taken === job.rows) this.#remove(job, 0);
      else unfinished = job;
    }
    if (unfinished !== undefined) {
      unfinished.turn = this.#turns++;
      group.push(unfinished);
    }
  }

  /** Removes the jobs for which `drop` returns true. */
  sweep(drop: (job: Job) => boolean): void {
    for (const group of this.#groups.values()) {
      let job = group.clear();
      while (job !== undefined) {
        const next: Job | undefined = job.next;
        if (job.settled || drop(job)) this.#remove(job, job.rows - job.taken);
        else group.push(job);
        job = next;
      }
      if (group.first === undefined && this.#groups.size > MOST_EMPTY_GROUPS) this.#forget(group);
    }
  }

  #remove(job: Job, left: number): void {
    this.jobs--;
    this.rows -= left;
    this.bytes -= job.bytes;
  }

  /** Returns the group whose first job has waited longest. */
  #next(): Group | undefined {
    let next: Group | undefined;
    for (const group of this.#groups.values())
      if (group.first !== undefined && (next?.first === undefined || group.first.turn < next.first.turn)) next = group;
    return next;
  }

  #groupOf(job: Job): Group {
    const key = keyOf(job, this.#inputs);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = new Group(key, job, this.#inputs);
      this.#groups.set(key, group);
    }
    return group;
  }

  #forget(group: Group): void {
    this.#groups.delete(group.key);
    if (this.#last === group) this.#last = undefined;
  }
}

/** Jobs that can share a run, in a linked list. */
class Group {
  readonly key: string;
  first: Job | undefined;
  #last: Job | undefined;
  readonly #divisible: boolean;
  readonly #fetches: readonly string[];
  readonly #shapes: readonly (readonly number[])[];

  /** Creates the group of a job. It keeps the shapes of its tensors, not the tensors. */
  constructor(key: string, { divisible, fetches, feeds }: Job, inputs: readonly string[]) {
    this.key = key;
    this.#divisible = divisible;
    this.#fetches = fetches;
    this.#shapes = inputs.map((name) => feeds[name]?.shape ?? []);
  }

  /** Returns whether a job belongs to this group, without building its key. */
  accepts(job: Job, inputs: readonly string[]): boolean {
    if (job.divisible !== this.#divisible) return false;
    if (!job.divisible) return true;
    if (job.fetches !== this.#fetches && !sameNames(job.fetches, this.#fetches)) return false;
    let index = 0;
    for (const name of inputs) {
      const [tensor, shape] = [job.feeds[name], this.#shapes[index++]];
      if (tensor === undefined || shape === undefined || !sameRowShape(tensor.shape, shape)) return false;
    }
    return true;
  }

  push(job: Job): void {
    job.next = undefined;
    if (this.#last === undefined) this.first = job;
    else this.#last.next = job;
    this.#last = job;
  }

  shift(): void {
    const job = this.first;
    this.first = job?.next;
    if (this.first === undefined) this.#last = undefined;
    if (job !== undefined) job.next = undefined;
  }

  /** Empties the group, and returns its first job, which leads to the others. */
  clear(): Job | undefined {
    const { first } = this;
    this.first = undefined;
    this.#last = undefined;
    return first;
  }
}

/** Returns the key of the group of a job. Jobs that are not divisible share one, since each has a run of its own. */
function keyOf({ divisible, feeds, fetches }: Job, inputs: readonly string[]): string {
  if (!divisible) return '';
  const shapes = inputs.map((name) => feeds[name]?.shape.slice(1).join('x') ?? '');
  return JSON.stringify([fetches, shapes]);
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
