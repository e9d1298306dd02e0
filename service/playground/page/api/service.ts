import type { ModelDescription, ModelList, PredictionResponse } from '../../../contract/api.ts';
import { Failure, failureOf } from './failure.ts';
import type { Answer, ModelVersion, Row, Settings } from './messages.ts';

/** Asks the user for the API key or token. Rejects with a `Failure` if there is none. */
export type AskForKey = (reason: string) => Promise<string>;

/** The service that sent this page. */
export class Service {
  readonly #askForKey: AskForKey;
  /** In memory only: it is gone when the page is closed or loaded again. */
  #key: string | undefined;

  constructor(askForKey: AskForKey) {
    this.#askForKey = askForKey;
  }

  get usesKey(): boolean {
    return this.#key !== undefined;
  }

  async settings(): Promise<Settings> {
    return (await (await this.#fetch('playground/settings.json')).json()) as Settings;
  }

  async models(): Promise<ModelList> {
    return (await (await this.#fetch('models')).json()) as ModelList;
  }

  async describe(model: ModelVersion): Promise<ModelDescription> {
    return (await (await this.#fetch(pathOf(model))).json()) as ModelDescription;
  }

  /** Predicts one row, or several. */
  async predict(model: ModelVersion, rows: Row | readonly Row[]): Promise<Answer> {
    const path = `${pathOf(model)}/predictions`;
    const headers = { 'Content-Type': 'application/json' };
    const started = performance.now();
    const response = await this.#fetch(path, { method: 'POST', headers, body: JSON.stringify(rows) });
    const text = await response.text();
    const body = JSON.parse(text) as PredictionResponse | PredictionResponse[];
    return {
      predictions: Array.isArray(body) ? body : [body],
      text,
      roundTripMs: performance.now() - started,
      serviceMs: durationIn(response.headers.get('Server-Timing')),
      replica: response.headers.get('X-Served-By') ?? undefined,
    };
  }

  async #fetch(path: string, init: { method?: string; headers?: Record<string, string>; body?: string } = {}) {
    for (;;) {
      const key = this.#key;
      const authorization = key === undefined ? {} : { Authorization: `Bearer ${key}` };
      const response = await fetch(new URL(path, document.baseURI), {
        ...init,
        headers: { ...init.headers, ...authorization },
      }).catch((cause: unknown) => {
        throw new Failure(
          'No response',
          'The service cannot be reached. It may be restarting, or the network is down.',
          {
            cause,
          },
        );
      });
      if (response.ok) return response;
      const failure = await failureOf(response);
      if (response.status !== 401) throw failure;
      // Another request may have asked in the meantime.
      if (this.#key === key)
        this.#key = await this.#askForKey(key === undefined ? '' : `The service refused this key: ${failure.message}`);
    }
  }
}

/** Returns the path of a model, relative to the page: a proxy may serve all of it below a path of its own. */
export const pathOf = ({ name, version }: ModelVersion): string =>
  `models/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`;

function durationIn(timing: string | null): number | undefined {
  const duration = /\bdur=([\d.]+)/.exec(timing ?? '')?.[1];
  return duration === undefined ? undefined : Number(duration);
}
