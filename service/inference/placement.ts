/** A pure policy: what is known about a model in, where it runs out. */
import type { GraphFacts } from '../../onnx/graph/graph-facts.ts';

/** Where a model runs: on the event loop of the service, or in a process of its own. */
export type Placement = 'event-loop' | 'process';

/** `auto` lets the measurement decide. */
export type PlacementSetting = Placement | 'auto';

/** What a model's file shows. */
export interface ModelFacts extends GraphFacts {
  /** The size of the file, with its external weights. */
  readonly bytes: number;
}

/** A larger file is probably too slow for the event loop. */
const SMALL_FILE_BYTES = 16 * 2 ** 20;
/** One row takes at most this long on the event loop: a hop to a process takes a seventh of it... */
export const MOST_ROW_MS = 1;
/** ...and one run takes at most this long, so that probes and other models get their turn. */
export const MOST_EVENT_LOOP_RUN_MS = 5;

/** Operators whose runs may not end. */
const unending = ['Loop', 'Scan'];
/** Operators that take anything from microseconds to seconds. */
const costly = [
  'Conv',
  'ConvTranspose',
  'ConvInteger',
  'QLinearConv',
  'com.microsoft.QLinearConv',
  'LSTM',
  'GRU',
  'RNN',
];

/** Returns where to load a model that has not been measured. */
export function firstPlacement(facts: ModelFacts, setting: PlacementSetting): Placement {
  if (setting !== 'auto') return setting;
  return mayNotEnd(facts) || facts.bytes > SMALL_FILE_BYTES || hasAny(facts, costly) ? 'process' : 'event-loop';
}

/**
 * Returns where a model runs once the time for one row is known.
 *
 * @param rowMs undefined if the model could not be measured
 */
export function measuredPlacement(facts: ModelFacts, rowMs: number | undefined, setting: PlacementSetting): Placement {
  if (setting !== 'auto') return setting;
  if (rowMs === undefined) return firstPlacement(facts, setting);
  return rowMs > MOST_ROW_MS || mayNotEnd(facts) ? 'process' : 'event-loop';
}

function mayNotEnd(facts: ModelFacts): boolean {
  return facts.sizesFromValues || hasAny(facts, unending);
}

function hasAny({ operators }: ModelFacts, names: readonly string[]): boolean {
  return names.some((name) => operators.has(name));
}
