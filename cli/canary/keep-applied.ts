import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'yaml';
import { isSameInstallation } from '../cluster/applied.ts';
import { Failure } from '../failure.ts';
import type { KubernetesObject, Service } from '../kubernetes.ts';
import { canaryOf, type Manifests } from '../project/manifests.ts';

/**
 * Keeps what `up` applied last if infra/ has other changes than the end of the canary: who removes a canary does not
 * want other pods at the same time. Only what leads to the canary becomes what infra/ says now.
 *
 * @param applied what was applied last, with the canary
 * @param removed what infra/ says now, without the canary. Its file is overwritten if there are other changes
 * @returns whether there are
 */
export async function keepApplied(root: string, applied: Manifests, removed: Manifests): Promise<boolean> {
  const canary = canaryOf(applied);
  if (canary === undefined) return false;
  if (!isSameInstallation(applied, removed))
    throw new Failure(
      `The service is ${applied.namespace}/${applied.deployment}, but infra/ calls it ${removed.namespace}/` +
        `${removed.deployment}.`,
      { hint: 'Restore its name and namespace in infra/, or run `rhizome up`, which replaces it.' },
    );
  const now = new Map(removed.objects.map((object) => [keyOf(object), object]));
  const objects = applied.objects.flatMap((object) => {
    const twin = now.get(keyOf(object));
    // Its own objects, routes to it, and what monitors it.
    if (JSON.stringify(object).includes(canary.deployment)) return twin ?? [];
    return object.kind === 'Service' && twin !== undefined ? withSelector(object, twin) : object;
  });
  const isSame = objects.every((object) => isDeepStrictEqual(object, now.get(keyOf(object))));
  if (isSame && objects.length === removed.objects.length) return false;
  const documents = objects.map((object) => stringify(object, { version: '1.1', aliasDuplicateObjects: false }));
  await writeFile(join(root, removed.file), documents.join('---\n'));
  return true;
}

/** Returns a Service that selects the same pods as another. */
function withSelector(service: KubernetesObject, other: KubernetesObject): KubernetesObject {
  const { selector } = other.spec as Service['spec'];
  return { ...service, spec: { ...(service.spec as Service['spec']), ...(selector && { selector }) } };
}

const keyOf = ({ apiVersion, kind, metadata }: KubernetesObject): string =>
  `${apiVersion} ${kind} ${metadata.namespace ?? ''} ${metadata.name}`;
