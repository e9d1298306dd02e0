import type { ContainerEngine } from '../tools/container-engine.ts';

/** The options of `rhizome up`. */
export interface UpOptions {
  readonly on?: string;
  /** The environment to run. @default local */
  readonly env?: string;
  readonly port?: number;
  readonly grpcPort?: number;
  readonly detach?: boolean;
  readonly watch?: boolean;
  readonly board?: boolean;
  readonly json?: boolean;
  readonly verbose?: boolean;
  /** Pauses before each step. */
  readonly explain?: boolean;
  /** False if the models are not run on this machine before they are deployed to a cluster. */
  readonly verify?: boolean;
  /** The share of predictions in which a canary may differ before it gets requests, from 0 to 1. @default 0 */
  readonly maxChange?: number;
  readonly image?: string;
  readonly registry?: string;
  readonly baseImage?: string;
  readonly buildImage?: string;
  readonly nodeImage?: string;
  readonly engine?: ContainerEngine;
}
