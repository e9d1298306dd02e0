import type { k8s } from 'cdk8s-plus-27';
import type { EntryReference, PodProps } from '../props/pod-props.ts';

/** Returns the environment variables that are not the service's own. */
export const variables = (env: Required<PodProps>['env']): k8s.EnvVar[] =>
  Object.entries(env).map(([name, value]) =>
    typeof value === 'string' ? { name, value } : { name, valueFrom: entry(value) },
  );

const entry = (reference: EntryReference): k8s.EnvVarSource =>
  'secret' in reference
    ? { secretKeyRef: { name: reference.secret, key: reference.key } }
    : { configMapKeyRef: { name: reference.configMap, key: reference.key } };

/** Returns the volumes that are not the service's own. */
export const volumes = (extra: Required<PodProps>['volumes']): k8s.Volume[] =>
  Object.entries(extra).map(([name, volume]) => {
    if ('secret' in volume) return { name, secret: { secretName: volume.secret } };
    if ('configMap' in volume) return { name, configMap: { name: volume.configMap } };
    return { name, persistentVolumeClaim: { claimName: volume.claim, readOnly: true } };
  });

/** Returns where they are mounted. */
export const volumeMounts = (extra: Required<PodProps>['volumes']): k8s.VolumeMount[] =>
  Object.entries(extra).map(([name, { mountPath }]) => ({ name, mountPath, readOnly: true }));
