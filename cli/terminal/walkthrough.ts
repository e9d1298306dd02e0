import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { Stopped } from '../failure.ts';
import { columns } from './columns.ts';
import type { Reporter } from './reporter.ts';

/** A step that `--explain` explains. */
export interface Step {
  readonly title: string;
  /** Why the step is there, in a sentence. */
  readonly why: string;
  /**
   * Whether to pause before the step instead of before its first command: because it runs none, or because it must not
   * be held up once it has begun.
   * @default false
   */
  readonly pauseFirst?: boolean;
}

/** Pauses before each step of a command, once its reader has seen what it runs and why. */
export interface Walkthrough {
  /** Shows nothing while the reader reads: what happens meanwhile is shown afterwards. */
  readonly report: Reporter;
  /** Says why a step is there. It pauses here, or else before the first command of the step. */
  readonly begin: (step: Step) => Promise<void>;
  /** Pauses if the step has not paused yet. It is called after a command was printed, before it runs. */
  readonly pause: () => Promise<void>;
  /** Ends a step. @returns how long it was held up since it began, in milliseconds */
  readonly end: () => number;
}

export interface WalkthroughOptions {
  /** Where the reader types. Each line arrives at once, as from a terminal. */
  readonly input: Readable;
  /** Writes the question, without a line break. */
  readonly write: (question: string) => void;
  readonly signal: AbortSignal;
}

/** Together with the indentation of a line, 80 columns. */
const widest = 78;

const question = '  Enter continues, q and Enter stops: ';

export function createWalkthrough(given: Reporter, { input, write, signal }: WalkthroughOptions): Walkthrough {
  let current: Step | undefined;
  let answered: Promise<void> | undefined;
  let heldUp = 0;
  const heldBack: (() => void)[] = [];
  /** Shows it now, or after the pause. */
  const show = (what: () => void): void => {
    if (answered === undefined) what();
    else heldBack.push(what);
  };

  const ask = async ({ title }: Step): Promise<void> => {
    const began = performance.now();
    write(question);
    const answer = await readLine(input, signal);
    answered = undefined;
    heldUp += performance.now() - began;
    if (answer === undefined || /^q/i.test(answer))
      throw new Stopped(`Stopped before the step "${title}" did anything. To remove what is there: rhizome down`);
    for (const what of heldBack.splice(0)) what();
  };
  // Commands that run at the same time wait for the same answer.
  const pause = async (): Promise<void> => {
    if (current !== undefined) {
      answered = ask(current);
      current = undefined;
    }
    await answered;
  };
  return {
    report: {
      ...given,
      command: (line) => {
        show(() => {
          given.command(line);
        });
      },
      line: (text) => {
        show(() => {
          given.line(text);
        });
      },
      progress: (lines) => {
        show(() => {
          given.progress(lines);
        });
      },
      share: (done, amount) => {
        show(() => {
          given.share(done, amount);
        });
      },
      // A second that was counted while the reader read is of no interest.
      counter: (seconds) => {
        if (answered === undefined) given.counter(seconds);
      },
    },
    async begin(step) {
      current = step;
      for (const line of columns([[step.why]], { width: widest })) given.line(line);
      if (step.pauseFirst === true) await pause();
      heldUp = 0;
    },
    pause,
    end() {
      current = undefined;
      return heldUp;
    },
  };
}

/** @returns undefined at the end of the input, Ctrl-D */
async function readLine(input: Readable, signal: AbortSignal): Promise<string | undefined> {
  const done = new AbortController();
  try {
    const events = { signal: AbortSignal.any([signal, done.signal]) };
    const data = once(input, 'data', events) as Promise<[Buffer]>;
    const end = once(input, 'end', events).then(() => undefined);
    // A stream that was paused stays so when somebody listens.
    input.resume();
    const line = await Promise.race([data, end]);
    return line?.[0].toString();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    // Otherwise the process would wait for more.
    input.pause();
    done.abort();
  }
}
