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
    return parse(await bodyOf(await this.#fetch('playground/settings.json'))) as Settings;
  }

  async models(): Promise<ModelList> {
    return parse(await bodyOf(await this.#fetch('models'))) as ModelList;
  }

  async describe(model: ModelVersion): Promise<ModelDescription> {
    return parse(await bodyOf(await this.#fetch(pathOf(model)))) as ModelDescription;
  }

  /**
   * Predicts one row, or several.
   *
   * @param isDefault whether the default version is meant, which may be another one on another replica
   */
  async predict(model: ModelVersion, isDefault: boolean, rows: Row | readonly Row[]): Promise<Answer> {
    const path = `${isDefault ? pathOfDefault(model) : pathOf(model)}/predictions`;
    const headers = { 'Content-Type': 'application/json' };
    const started = performance.now();
    const response = await this.#fetch(path, { method: 'POST', headers, body: JSON.stringify(rows) });
    const text = await bodyOf(response);
    const body = parse(text) as PredictionResponse | PredictionResponse[];
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
      const authorization = key === undefined ? {} : { Authorization: authorizationOf(key) };
      const response = await fetch(new URL(path, document.baseURI), {
        ...init,
        headers: { ...init.headers, ...authorization },
      }).catch((cause: unknown) => {
        throw unreachable(cause);
      });
      if (response.ok) return response;
      const forgetKey = (): void => {
        if (this.#key === key) this.#key = undefined;
      };
      const failure = await failureOf(response, key === undefined ? undefined : forgetKey);
      if (response.status !== 401) throw failure;
      // Another request may have asked in the meantime.
      if (this.#key === key)
        this.#key = await this.#ask(key === undefined ? '' : `The service refused this key: ${failure.message}`);
    }
  }

  async #ask(reason: string): Promise<string> {
    const key = await this.#askForKey(reason);
    return canBeSent(key)
      ? key
      : this.#ask('A key or token has only characters that a header can have, such as ASCII.');
  }
}

const authorizationOf = (key: string): string => `Bearer ${key}`;

function canBeSent(key: string): boolean {
  try {
    return new Headers({ Authorization: authorizationOf(key) }).has('Authorization');
  } catch {
    return false;
  }
}

const unreachable = (cause: unknown): Failure =>
  new Failure('No response', 'The service cannot be reached. It may be restarting, or the network is down.', { cause });

/** The connection may end within a response, too. */
const bodyOf = (response: Response): Promise<string> =>
  response.text().catch((cause: unknown) => {
    throw unreachable(cause);
  });

/** @throws {Failure} for what the service never sends */
function parse(text: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null) throw new Error('The body is not an object.');
    return body;
  } catch (cause) {
    throw new Failure(
      'Not a response of the service',
      'The response is not what the service sends. Something in between sent it, such as a proxy that asks to log in.',
      { cause },
    );
  }
}

/** Returns the path of a model, relative to the page: a proxy may serve all of it below a path of its own. */
const pathOf = (model: ModelVersion): string => `${pathOfDefault(model)}/versions/${encodeURIComponent(model.version)}`;

const pathOfDefault = ({ name }: ModelVersion): string => `models/${encodeURIComponent(name)}`;

function durationIn(timing: string | null): number | undefined {
  const duration = /\bdur=([\d.]+)/.exec(timing ?? '')?.[1];
  return duration === undefined ? undefined : Number(duration);
}
