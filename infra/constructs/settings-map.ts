import { createHash } from 'node:crypto';
import type { Construct } from 'constructs';
import { ConfigMap } from 'cdk8s-plus-27';
import { objectLabels } from '../metadata/labels.ts';

export interface SettingsMapProps {
  /** Begins the name of the ConfigMap; the hash of the settings ends it. */
  readonly name: string;
  readonly namespace: string;
  /** Environment variables. */
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * The settings as an immutable ConfigMap, named after its content. A changed setting is thus a changed pod template,
 * which rolls the pods; the old pods, should they restart meanwhile, and `kubectl rollout undo` keep the settings that
 * they were made for. An annotation with the hash would roll the pods as well, but then old pods restart with new
 * settings, and an undo brings back the old image alone.
 */
export class SettingsMap extends ConfigMap {
  constructor(scope: Construct, id: string, { name, namespace, settings }: SettingsMapProps) {
    const sorted = Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
    const hash = createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 10);
    super(scope, id, {
      metadata: { name: `${name}-${hash}`, namespace, labels: objectLabels(name) },
      immutable: true,
      data: Object.fromEntries(sorted),
    });
  }
}
