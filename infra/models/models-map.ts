import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigMap } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { repositoryFiles } from '../../onnx/file/repository-files.ts';
import type { Labels } from '../metadata/labels.ts';

/** Kubernetes allows no larger ConfigMap, keys included. */
export const mostBytes = 2 ** 20;

/** A file in the ConfigMap. */
interface MapEntry {
  /** Name of the entry, which cannot contain slashes. */
  readonly key: string;
  /** Path in the models folder. */
  readonly path: string;
  readonly content: Buffer;
}

/** Returns the entries for a folder of models. They are read again each time: nothing remembers a file. */
export const mapEntries = (folder: string): readonly MapEntry[] =>
  repositoryFiles(folder).map(({ path, file }) => ({
    key: path.replaceAll('/', '__').replaceAll(/[^-._a-zA-Z0-9]/g, '_'),
    path,
    content: readFileSync(file),
  }));

/** Returns the bytes that Kubernetes counts. */
export const sizeOf = (entries: readonly MapEntry[]): number =>
  entries.reduce((sum, { key, content }) => sum + key.length + content.length, 0);

/** Props of ModelsMap. */
export interface ModelsMapProps {
  /** First part of the ConfigMap's name; a hash of the content is the second. */
  readonly name: string;
  readonly namespace: string;
  /** The folder of the models. */
  readonly folder: string;
  readonly labels: Labels;
}

/**
 * An immutable ConfigMap that holds small models, and is named after their content, like the one of the settings.
 *
 * @explains ConfigMap/*-models-*
 * @explains ConfigMap/*-models-*.metadata.name
 * @explains ConfigMap/*-models-*.immutable
 * @explains ConfigMap/*-models-*.binaryData.*
 * @without The pods serve the models of the image. With a fixed name, a changed model would reach a pod only when it
 *   happens to restart.
 * @setBy models
 */
export class ModelsMap extends ConfigMap {
  /** Where each entry belongs in the models folder. */
  readonly items: readonly { readonly key: string; readonly path: string }[];

  constructor(scope: Construct, id: string, { name, namespace, folder, labels }: ModelsMapProps) {
    const entries = mapEntries(folder);
    const hash = createHash('sha256');
    for (const { path, content } of entries) hash.update(`${path}\n${content.length}\n`).update(content);
    super(scope, id, {
      metadata: {
        name: `${name}-models-${hash.digest('hex').slice(0, 10)}`,
        namespace,
        labels,
      },
      immutable: true,
      binaryData: Object.fromEntries(entries.map(({ key, content }) => [key, content.toString('base64')])),
    });
    this.items = entries.map(({ key, path }) => ({ key, path }));
  }
}
