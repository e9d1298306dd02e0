import { paths } from '../contract/index.ts';
import type { LoadedEntry } from '../inference/repository/entry.ts';
import type { ModelRepository } from '../inference/repository/repository.ts';
import type { Exchange } from './exchange.ts';

/** A path that runs a model, and what runs it. */
export interface ModelRoute {
  readonly exchange: Exchange;
  /** The pattern of the path, as Hono writes it; also the label in the metrics. */
  readonly pattern: string;
  /** Whether its bodies are tensors, which may be binary. */
  readonly isTensors: boolean;
}

/** The routes that run models. All of them are POST. */
export interface ModelRoutes {
  /** Uses the default model. */
  readonly default: ModelRoute;
  /** Their patterns have `:name`, and `:version` unless they use the default version. */
  readonly named: readonly ModelRoute[];
}

export function modelRoutes(predictions: Exchange, infer: Exchange): ModelRoutes {
  const { models, inference } = paths;
  const versions = (base: string, end: string): string[] => [
    `${base}/:name${end}`,
    `${base}/:name/versions/:version${end}`,
  ];
  return {
    default: { exchange: predictions, pattern: paths.predictions, isTensors: false },
    named: [
      ...versions(models, paths.predictions).map((pattern) => ({ exchange: predictions, pattern, isTensors: false })),
      ...versions(`${inference}/models`, '/infer').map((pattern) => ({ exchange: infer, pattern, isTensors: true })),
    ],
  };
}

/** A route with the model that a path names. */
export interface ResolvedRoute extends ModelRoute {
  readonly entry: LoadedEntry;
}

/** Other names are encoded in a path, and decoded by Hono. */
const PLAIN_NAME = /^[\w.~-]+$/;

/** Returns every plain path that runs a loaded model. It is constant once every model is loaded, or has failed. */
export function resolvedRoutes(routes: ModelRoutes, repository: ModelRepository): ReadonlyMap<string, ResolvedRoute> {
  const resolved = new Map<string, ResolvedRoute>();
  const entry = repository.versions(repository.defaultName ?? '').at(-1);
  if (entry?.state === 'loaded') resolved.set(routes.default.pattern, { ...routes.default, entry });
  for (const entry of repository.loaded) {
    if (!PLAIN_NAME.test(entry.name) || !PLAIN_NAME.test(entry.version)) continue;
    const isDefault = repository.versions(entry.name).at(-1) === entry;
    for (const route of routes.named) {
      if (!route.pattern.includes(':version') && !isDefault) continue;
      resolved.set(route.pattern.replace(':name', entry.name).replace(':version', entry.version), { ...route, entry });
    }
  }
  return resolved;
}
