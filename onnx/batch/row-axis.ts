import { EngineError, type Session, type Tensor } from '../engine/engine.ts';
import type { Node } from '../graph/node.ts';
import { mayBeSequence, type Batching } from '../signature/batching.ts';
import type { Signature } from '../signature/signature.ts';
import { encodeRows } from './encode-rows.ts';
import { plausibleInputSets, plausibleRows } from './plausible-inputs.ts';
import { tryRows } from './trial.ts';

/** The rows that are run alone and together. */
const ROWS = 3;
/** How long to look for a row that runs. */
const BUDGET_MS = 3000;
/**
 * Rows that are steps of a sequence change each other's outputs by more than this part of the largest. Kernels that
 * round differently for other numbers of rows change them by far less.
 */
const LARGE_DIFFERENCE = 0.05;

/**
 * Runs a model to see what its first dimension counts, if its declared shapes leave that open: the outputs of a row of
 * a batch are the same with others as alone, those of a step of a sequence are not.
 *
 * @param signature as derived from the declared shapes, without examples
 * @returns the batching; undefined if it is as declared
 */
export async function shownBatching(
  signature: Signature,
  nodes: () => readonly Node[],
  session: Pick<Session, 'run'>,
): Promise<Batching | undefined> {
  if (!mayBeSequence(signature.inputs, signature.batching) || nodes().some(hasOwnRows)) return undefined;
  const fetches = signature.outputs.map(({ name }) => name);
  const alone = (row: Parameters<typeof encodeRows>[1][number]): ReturnType<Session['run']> =>
    session.run(encodeRows(signature, [row]), fetches);
  const trial = await tryRows(
    plausibleRows(signature, nodes()),
    async ([row = []]) => {
      await alone(row);
      return [];
    },
    { budgetMs: BUDGET_MS },
  );
  if ('reason' in trial) return undefined;
  const [rows = []] = plausibleInputSets(signature, nodes(), ROWS, trial.shapes);
  const each: Readonly<Record<string, Tensor>>[] = [];
  try {
    for (const row of rows) each.push(await alone(row));
  } catch {
    return undefined;
  }
  try {
    const together = await session.run(encodeRows(signature, rows), fetches);
    return fetches.some((name) => differs(name, each, together)) ? 'unbatched' : undefined;
  } catch (error) {
    // Some exports contain the number of rows of the example that they were traced with.
    return error instanceof EngineError && error.code === 'run-failed' ? 'per-row' : undefined;
  }
}

/**
 * Whether the rows of a graph with this node are rows: the operators of classical models take nothing else. Dynamic
 * quantization depends on all rows of a run, but they stay rows.
 */
function hasOwnRows({ domain, opType }: Node): boolean {
  return domain === 'ai.onnx.ml' || opType.startsWith('DynamicQuantize');
}

/** Returns whether the rows of an output together are clearly not those of the rows alone. */
function differs(
  name: string,
  alone: readonly Readonly<Record<string, Tensor>>[],
  together: Readonly<Record<string, Tensor>>,
): boolean {
  const stacked = together[name];
  if (stacked === undefined || stacked.shape[0] !== alone.length) return false;
  const single = alone.map((outputs) => outputs[name]);
  const values = single.flatMap((tensor) => Array.from(tensor?.data ?? [], Number));
  if (single.some((tensor) => tensor?.shape[0] !== 1) || values.length !== stacked.data.length) return false;
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const tolerance = stacked.dtype.startsWith('float') ? LARGE_DIFFERENCE * largest : 0;
  return values.some((value, index) => Math.abs(value - Number(stacked.data[index])) > tolerance);
}
