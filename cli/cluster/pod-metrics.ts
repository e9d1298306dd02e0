import { paths, ports } from '../../service/contract/index.ts';
import type { ExecContext } from '../tools/exec.ts';
import type { Scope } from '../tools/kubectl.ts';
import { queryPod } from './pod-queries.ts';

/** Returns a pod's own metrics, since many clusters have no metrics-server; undefined if they cannot be reached. */
export const readPodMetrics = (context: ExecContext, scope: Scope, name: string): Promise<string | undefined> =>
  queryPod(context, scope, { name, port: ports.management.number, path: paths.metrics, timeout: 3000 });
