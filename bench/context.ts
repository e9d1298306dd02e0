import type { Figures } from './figures.ts';
import type { Cores } from './machine/cores.ts';

/** What every measurement needs. */
export interface Context {
  readonly cores: Cores;
  readonly figures: Figures;
  /** Fewer rounds, shorter loads, fewer points: to see in minutes whether a change helps. */
  readonly quick: boolean;
  /** How often everything is measured; `--rounds` sets it. */
  readonly rounds: number;
  /** How long each load lasts; `--seconds` sets it. */
  readonly seconds: number;
  /** How long memory is observed under load; `--soak` sets it. */
  readonly soakMinutes: number;
  /** Tells the person at the terminal what happens. */
  readonly say: (text: string) => void;
}
