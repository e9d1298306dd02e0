import { paths } from '../../service/contract/index.ts';
import { readState } from './state.ts';

/** Milliseconds. A replica that is stopped would never respond. */
const timeout = 1000;

/** Returns the metrics of a replica that runs for a project; undefined if it doesn't respond. */
export async function readMetrics(root: string, replica: string): Promise<string | undefined> {
  const port = (await readState(root))?.replicas.find(({ status }) => status.name === replica)?.managementPort;
  if (port === undefined) return undefined;
  try {
    const response = await fetch(`http://127.0.0.1:${port}${paths.metrics}`, { signal: AbortSignal.timeout(timeout) });
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}
