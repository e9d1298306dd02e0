import type { ChaosEvent } from '../experiment.ts';
import { badImage } from './bad-image.ts';
import { crashloop } from './crashloop.ts';
import { drain } from './drain.ts';
import { hang } from './hang.ts';
import { kill } from './kill.ts';
import { nodeStop } from './node-stop.ts';
import { oom } from './oom.ts';
import { rollout } from './rollout.ts';

/**
 * In the order of `chaos all`: after the second end of a container Kubernetes lets it wait, so that those that end one come
 * with others between that make new ones. A drain leaves all replicas where it did not drain; the rollout spreads them.
 */
export const chaosEvents: readonly ChaosEvent[] = [kill, oom, drain, rollout, hang, badImage, crashloop, nodeStop];
