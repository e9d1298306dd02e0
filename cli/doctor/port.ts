import { isRunning } from '../local/replica/process-id.ts';
import { readState } from '../local/state.ts';
import { checkPortFree, portHolder } from '../tools/port.ts';
import { Failure } from '../failure.ts';
import { ok, type Finding } from './finding.ts';

/** What to report about a port that is in use. */
export interface PortAdvice {
  readonly busy: Finding['state'];
  readonly fix: string;
  /** If this project's replicas use it. @default they are no obstacle: the next `up` replaces them */
  readonly own?: Required<Pick<Finding, 'state' | 'fix'>>;
}

/** Checks that no program listens on a port of this machine. */
export async function portFinding(root: string, port: number, { busy, fix, own }: PortAdvice): Promise<Finding> {
  const what = `port ${String(port)}`;
  if (await isOwnPort(root, port)) {
    const detail = "in use by this project's replicas";
    return own === undefined ? ok(what, `${detail}, which the next \`up\` replaces`) : { what, detail, ...own };
  }
  if (await isFree(port)) return ok(what, 'free');
  // The program of another user cannot be named.
  return { what, state: busy, detail: `in use by ${(await portHolder(port)) ?? 'another program'}`, fix };
}

async function isOwnPort(root: string, port: number): Promise<boolean> {
  const state = await readState(root);
  return state !== undefined && isRunning(state.supervisor) && state.url === `http://localhost:${String(port)}`;
}

async function isFree(port: number): Promise<boolean> {
  try {
    await checkPortFree(port);
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}
