import { emptyCluster } from '../deployment-status.ts';
import { Failure } from '../failure.ts';

/** Returns the failure of a command that needs a Deployment. @param target its name */
export const nothingDeployed = (target: string): Failure =>
  new Failure(`${target}: ${emptyCluster}.`, { hint: `To deploy: rhizome up --on ${target}` });
