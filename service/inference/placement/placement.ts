/** A pure policy: what is known about a model in, where it runs out. */
import type { GraphFacts } from '../../../onnx/graph/graph-facts.ts';
import { costly, harmless } from './operators.ts';

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

/** Returns where to load a model that has not been measured. */
export function firstPlacement(facts: ModelFacts, setting: PlacementSetting): Placement {
  if (riskOf(facts) !== undefined) return 'process';
  if (setting !== 'auto') return setting;
  return facts.bytes > SMALL_FILE_BYTES || mayBeCostly(facts) ? 'process' : 'event-loop';
}

/**
 * Returns where a model runs once the time for one row is known.
 *
 * @param rowMs undefined if the model could not be measured
 */
export function measuredPlacement(facts: ModelFacts, rowMs: number | undefined, setting: PlacementSetting): Placement {
  if (rowMs === undefined || setting !== 'auto') return firstPlacement(facts, setting);
  return rowMs > MOST_ROW_MS || riskOf(facts) !== undefined ? 'process' : 'event-loop';
}

/**
 * Returns where a model runs whose rows depend on each other: the memory of a run may grow with the square of their
 * number, which a client determines.
 */
export function dependentPlacement(facts: ModelFacts, setting: PlacementSetting): Placement {
  return setting === 'event-loop' ? firstPlacement(facts, setting) : 'process';
}

/**
 * Returns why a model may stop the process that it runs in: its runs may not end, need more memory than there is, or
 * crash. Such a model never runs on the event loop, whatever was measured or set.
 *
 * @returns undefined if nothing like that is known, and all of its operators are
 */
export function riskOf(facts: ModelFacts): string | undefined {
  if (facts.sizesFromValues) return 'the values of an input determine how large another tensor is';
  if (facts.openShapes) return 'clients determine the sizes of its inputs, and not only their number of rows';
  if (facts.emptyInputs) return 'an input has no elements, and an operator may divide by their number';
  if (facts.largeConstants) return 'it may create very large tensors';
  if (facts.integerDivision) return 'it may divide integers, and a division by zero ends the process';
  const unknown = [...facts.operators].find((operator) => !harmless.has(operator));
  return unknown === undefined ? undefined : `its operator ${unknown} may not end, or is not known`;
}

/** A setting that a model does not have, since it could stop the service. */
export interface OverriddenPlacement {
  readonly asked: Placement;
  /** Whose setting it is. */
  readonly setBy: 'model.json' | 'PLACEMENT';
  readonly reason: string;
}

/** Returns why a model runs elsewhere than its `model.json`, or otherwise the service's setting, asks for. */
export function overriddenPlacement(
  facts: ModelFacts,
  placement: Placement,
  own: PlacementSetting | undefined,
  common: PlacementSetting = 'auto',
): OverriddenPlacement | undefined {
  const asked = own ?? common;
  if (asked === 'auto' || asked === placement) return undefined;
  const reason = riskOf(facts) ?? `a model cannot be loaded in a ${asked} here`;
  return { asked, setBy: own === undefined ? 'PLACEMENT' : 'model.json', reason };
}

/** Whether its runs take anything from microseconds to seconds, or from bytes to gigabytes. */
function mayBeCostly(facts: ModelFacts): boolean {
  return facts.sizesFromShapes || [...costly].some((operator) => facts.operators.has(operator));
}
