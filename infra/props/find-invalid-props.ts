import { checkHardware } from './checks/hardware.ts';
import { checkModels } from './checks/models.ts';
import { checkAuthentication } from './checks/authentication.ts';
import { checkImage, checkNames } from './checks/names.ts';
import { checkNetwork } from './checks/network.ts';
import { checkNumbers, checkTimes } from './checks/numbers.ts';
import { checkPods } from './checks/pods.ts';
import { checkResources } from './checks/resources.ts';
import { checkSettings } from './checks/settings.ts';
import { checkTelemetry } from './checks/telemetry.ts';
import { checkTolerations } from './checks/tolerations.ts';
import { checkVersions } from './checks/versions.ts';
import type { InvalidProp } from './invalid-props-error.ts';
import type { ResolvedProps } from './resolved-props.ts';

/** Returns every prop with a value that would not work on a cluster, and an empty list if there is none. */
export function findInvalidProps(props: ResolvedProps): readonly InvalidProp[] {
  return [
    checkNames,
    checkImage,
    checkNumbers,
    checkTimes,
    checkResources,
    checkSettings,
    checkTelemetry,
    checkNetwork,
    checkAuthentication,
    checkPods,
    checkModels,
    checkTolerations,
    checkVersions,
    checkHardware,
  ].flatMap((check) => [...check(props)]);
}
