import type { Experiment } from '../experiment.ts';
import { badImage } from './bad-image.ts';
import { crashloop } from './crashloop.ts';
import { drain } from './drain.ts';
import { hang } from './hang.ts';
import { kill } from './kill.ts';
import { nodeStop } from './node-stop.ts';
import { oom } from './oom.ts';
import { overload } from './overload.ts';
import { rollout } from './rollout.ts';

/**
 * All experiments, in the order of `chaos all`. Kubernetes delays a container's restart from the second one on, so
 * between two experiments that end a container there is one that makes new pods. A drain leaves all replicas on the
 * other nodes; the rollout after it spreads them again.
 */
export const experiments: readonly Experiment[] = [
  kill,
  oom,
  drain,
  rollout,
  hang,
  badImage,
  crashloop,
  nodeStop,
  overload,
];
