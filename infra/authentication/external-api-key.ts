import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { apiKeyMount } from '../../service/contract/index.ts';
import type { PredictionService } from '../constructs/prediction-service.ts';
import { objectLabels } from '../metadata/labels.ts';
import { patchAsWritten } from '../metadata/patches.ts';
import { checkObjectNames } from '../props/checks/names.ts';
import { findMistypedProps, type PropTypes } from '../props/checks/types.ts';
import { InvalidPropsError, type InvalidProp } from '../props/invalid-props-error.ts';

/** Where the store of secrets has a key. What the fields mean is up to the store. */
export interface RemoteKey {
  /** Name or path of the secret in the store: `prod/iris`. */
  readonly key: string;
  /**
   * The part of the secret, if it has several: `api-key`.
   * @default none: the whole secret
   */
  readonly property?: string;
  /**
   * The version of the secret.
   * @default the store's default, which is usually the latest
   */
  readonly version?: string;
}

/** Props of ExternalApiKey. */
export interface ExternalApiKeyProps {
  /** The service whose API key it is. */
  readonly service: PredictionService;

  /**
   * Name of the SecretStore or ClusterSecretStore, which must exist.
   *
   * @explains ExternalSecret.spec.secretStoreRef.name
   * @without The operator does not know where the keys are.
   * @setBy ExternalApiKey.store
   */
  readonly store: string;

  /**
   * Whether the store belongs to the namespace or to the whole cluster.
   * @default 'SecretStore'
   * @explains ExternalSecret.spec.secretStoreRef.kind
   * @without The default is SecretStore, one of this namespace.
   * @setBy ExternalApiKey.storeKind
   */
  readonly storeKind?: 'SecretStore' | 'ClusterSecretStore';

  /**
   * The keys that are valid, at least one. List the old and the new one while clients change from one to the other.
   *
   * @explains ExternalSecret.spec.data[].**
   * @without The Secret has no key, and no pod starts.
   * @setBy ExternalApiKey.keys
   */
  readonly keys: readonly RemoteKey[];

  /**
   * Seconds between two looks at the store, 1 or more.
   * @default 60
   * @explains ExternalSecret.spec.refreshInterval
   * @without The operator looks once an hour: a key that was withdrawn stays valid for so long.
   * @setBy ExternalApiKey.refreshSeconds
   */
  readonly refreshSeconds?: number;
}

const types: PropTypes<ExternalApiKeyProps> = {
  service: 'object',
  store: 'text',
  storeKind: ['SecretStore', 'ClusterSecretStore'],
  keys: 'list',
  refreshSeconds: 'number',
};

/**
 * Lets the External Secrets Operator make the Secret with the API key, from a store such as Vault or that of a cloud.
 * If the store loses the key, the Secret stays. Needs version 0.17 or newer of the operator in the cluster.
 *
 * @explains ExternalSecret
 * @without Somebody has to create the Secret, and again for each new key; without it, no pod starts.
 * @throws {InvalidPropsError} if a prop would not work on a cluster
 */
export class ExternalApiKey extends ApiObject {
  constructor(scope: Construct, id: string, props: ExternalApiKeyProps) {
    const mistyped = findMistypedProps(props, types, ['service', 'store', 'keys']);
    if (mistyped.length > 0) throw new InvalidPropsError('ExternalApiKey', mistyped);
    const { service, store, storeKind = 'SecretStore', keys, refreshSeconds = 60 } = props;
    const { name, apiKeySecret } = service.resolved;
    const invalid = [...checkService(service), ...checkKeys(props)];
    if (invalid.length > 0) throw new InvalidPropsError(`ExternalApiKey of '${name}'`, invalid);

    /**
     * The entry of the Secret that the service reads. Each of its lines is a valid key.
     *
     * @explains ExternalSecret.spec.target.template.**
     * @without The Secret has an entry for each key, and none that the pods mount: they do not start.
     */
    const lines = keys.map((_, index) => `{{ .key${index} }}`).join('\n');
    super(scope, id, {
      apiVersion: 'external-secrets.io/v1',
      kind: 'ExternalSecret',
      metadata: { name: apiKeySecret ?? name, namespace: service.namespace, labels: objectLabels(name) },
      spec: {
        refreshInterval: `${refreshSeconds}s`,
        secretStoreRef: { kind: storeKind, name: store },
        target: {
          /**
           * Name of the Secret that the operator makes, and that the pods mount.
           *
           * @explains ExternalSecret.spec.target.name
           * @without The Secret has the name of the ExternalSecret, which is the same.
           * @setBy apiKeySecret
           */
          name: apiKeySecret,
          /**
           * The Secret belongs to the ExternalSecret, and is deleted together with it.
           *
           * @explains ExternalSecret.spec.target.creationPolicy
           * @without The default is the same.
           */
          creationPolicy: 'Owner',
          /**
           * If the store loses the key, the Secret stays.
           *
           * @explains ExternalSecret.spec.target.deletionPolicy
           * @without The default is the same. With `Delete`, a mistake in the store would keep new pods from starting.
           */
          deletionPolicy: 'Retain',
          template: { engineVersion: 'v2', data: { [apiKeyMount.file]: lines } },
        },
        data: keys.map((remoteRef, index) => ({ secretKey: `key${index}`, remoteRef })),
      },
    });
    patchAsWritten(this);
  }
}

function* checkService({ resolved: { apiKeySecret, unauthenticated } }: PredictionService): Generator<InvalidProp> {
  if (apiKeySecret === undefined) {
    const reason = 'has no Secret with an API key, since jwt is set';
    yield { prop: 'service', value: undefined, reason, fix: 'Set its apiKeySecret, or remove this construct.' };
  }
  if (unauthenticated !== undefined) {
    const reason = 'starts pods without the key: those that start before the Secret is there would accept everyone';
    yield { prop: 'service', value: undefined, reason, fix: 'Remove its prop unauthenticated.' };
  }
}

function* checkKeys({ store, keys, refreshSeconds = 60 }: ExternalApiKeyProps): Generator<InvalidProp> {
  yield* checkObjectNames({ store });
  if (keys.length === 0) yield { prop: 'keys', value: keys, reason: 'is empty', fix: 'Name at least one key.' };
  const fields: PropTypes<RemoteKey> = { key: 'text', property: 'text', version: 'text' };
  for (const [index, key] of (keys as readonly unknown[]).entries()) {
    const prop = `keys.${index}`;
    if (typeof key !== 'object' || key === null) {
      yield { prop, value: '(hidden)', reason: 'is not an object', fix: "Use one such as { key: 'prod/iris' }." };
      continue;
    }
    for (const problem of findMistypedProps(key, fields, ['key']))
      yield { ...problem, prop: `${prop}.${problem.prop}` };
  }
  if (!(Number.isInteger(refreshSeconds) && refreshSeconds >= 1)) {
    const fix = 'Use a whole number of seconds, 1 or more.';
    yield { prop: 'refreshSeconds', value: refreshSeconds, reason: 'is out of range', fix };
  }
}
