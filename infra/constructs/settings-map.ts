import { createHash } from 'node:crypto';
import type { Construct } from 'constructs';
import { ConfigMap } from 'cdk8s-plus-27';
import { objectLabels, type Labels } from '../metadata/labels.ts';

/** Props of SettingsMap. */
export interface SettingsMapProps {
  /** First part of the ConfigMap's name; a hash of the variables is the second. */
  readonly name: string;
  /** Namespace of the ConfigMap. */
  readonly namespace: string;
  /** Environment variables: value by name. */
  readonly variables: Readonly<Record<string, string>>;
  /**
   * Labels of the ConfigMap.
   * @default those of the objects of a service with this name
   */
  readonly labels?: Labels;
}

/**
 * An immutable ConfigMap that holds environment variables and is named after its content. A changed variable therefore
 * changes the pod template, which rolls the pods. Old pods that restart during the rollout keep their variables, and
 * `kubectl rollout undo` restores variables and image together.
 *
 * An annotation with the hash would roll the pods too, but old pods would restart with new variables, and an undo would
 * restore only the image.
 */
export class SettingsMap extends ConfigMap {
  constructor(scope: Construct, id: string, { name, namespace, variables, labels }: SettingsMapProps) {
    const sorted = Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1));
    const hash = createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 10);
    super(scope, id, {
      metadata: {
        /**
         * The name of the service, and a hash of the variables: a changed variable makes a new ConfigMap, and thereby
         * new pods.
         *
         * @explains ConfigMap.metadata.name
         * @without A changed variable reaches a pod only when it happens to restart.
         */
        name: `${name}-${hash}`,
        namespace,
        labels: labels ?? objectLabels(name),
      },
      /**
       * Nobody can change the variables of pods that run.
       *
       * @explains ConfigMap.immutable
       * @without Somebody edits the ConfigMap, and after some restarts, pods of one revision differ.
       */
      immutable: true,
      data: Object.fromEntries(sorted),
    });
  }
}
