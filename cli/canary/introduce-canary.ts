import { Failure } from '../failure.ts';
import { canaryOf, privateCharts, readManifests, type Manifests } from '../project/manifests.ts';
import { synth, type SynthOptions } from '../project/synth.ts';
import { apply } from '../steps/apply.ts';
import type { Cluster } from '../targets/cluster.ts';
import type { Steps } from '../terminal/steps.ts';
import type { Step } from '../terminal/walkthrough.ts';
import type { ExecContext } from '../tools/exec.ts';
import { compareWithService } from './compare-with-service.ts';
import { isAdmitted } from './admission.ts';

const steps = {
  compare: {
    title: 'Compare the canary with the service',
    why: 'A canary whose predictions differ from those of the service must not answer requests yet.',
  },
  admit: {
    title: 'Give the canary its requests',
    why: 'Its predictions are as expected: from now on, it gets its share of the requests.',
  },
} as const satisfies Readonly<Record<string, Step>>;

/** How the environment is synthesized. */
type Environment = Pick<SynthOptions, 'image' | 'environment'>;

/**
 * Returns the manifests to apply first. If they would give requests to pods of a canary that get none yet, these are
 * the ones in which the canary runs without requests.
 */
export async function holdCanary(
  context: ExecContext,
  cluster: Cluster,
  manifests: Manifests,
  environment: Environment,
): Promise<Manifests> {
  const canary = canaryOf(manifests);
  if (canary === undefined || canary.percent === 0) return manifests;
  if (await isAdmitted(context, cluster.context, manifests, canary)) return manifests;
  await synth(context, { ...environment, outdir: privateCharts, canary: 'hold' });
  return readManifests(context.root, privateCharts, environment.environment);
}

/**
 * Compares a canary that is held with the service, and gives it its share of the requests.
 *
 * @param maxChange the share of predictions that may change, from 0 to 1
 * @throws {Failure} if more change. The canary then runs on without requests.
 */
export async function admitCanary(
  context: ExecContext,
  run: Steps['run'],
  cluster: Cluster,
  held: Manifests,
  { maxChange, ...environment }: Environment & { readonly maxChange: number },
): Promise<Manifests> {
  const canary = canaryOf(held);
  if (canary === undefined) return held;
  await run(steps.compare, async (skip) => {
    const { rows, changed, changes, largest } = await compareWithService(context, cluster.context, held, canary);
    if (rows === 0) {
      skip('no model that both have has examples');
      return;
    }
    const found = `The canary predicts ${String(changed)} of ${String(rows)} example rows differently`;
    const details = [...changes, ...(largest === undefined ? [] : [`largest difference: ${largest}`])];
    if (changed / rows > maxChange)
      throw new Failure(
        `${found} from the service (${percent(changed / rows)}), but --max-change allows ${percent(maxChange)}.`,
        {
          details,
          hint:
            `It runs without requests. If the change is intended: --max-change ${percent(changed / rows)}. ` +
            `To try it: kubectl --context ${cluster.context} --namespace ${held.namespace} port-forward ` +
            `service/${canary.deployment} 8081:${String(held.service.port)}. To remove it: rhizome rollback`,
        },
      );
    for (const line of [`${found}.`, ...details]) context.report.line(line);
  });
  return run(steps.admit, async () => {
    await synth(context, { ...environment, outdir: privateCharts });
    const manifests = readManifests(context.root, privateCharts, environment.environment);
    await apply(context, cluster.context, manifests);
    return manifests;
  });
}

/** Rounds up, so that the share that is printed allows what was found. */
const percent = (share: number): string => `${String(Math.ceil(share * 1000) / 10)}%`;
