import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { differs, type Answer } from '../../onnx/answer.ts';
import type { Example } from '../../onnx/model-json.ts';
import { paths, type Issue, type Problem } from '../../service/contract/index.ts';
import { Failure, UsageError } from '../failure.ts';
import type { ExecContext } from '../tools/exec.ts';
import { quote } from '../tools/quote.ts';

/** Time for one answer, in milliseconds. */
const answerTimeout = 20_000;

export interface PredictOptions {
  readonly url: string;
  /** JSON text: one object or an array of them. */
  readonly body: string;
  /** Milliseconds in which a refused or reset connection is tried again; a port that was just opened may need them. @default 0 */
  readonly patience?: number;
}

/** The line that does the same by hand. The key is left to the shell's environment. */
export function curlLine({ url, body }: PredictOptions): string {
  const auth = hasKey() ? ' -H "Authorization: Bearer $API_KEY"' : '';
  return `curl ${url}${paths.predictions} -H 'content-type: application/json'${auth} -d ${quote([body])}`;
}

/** The key that the service asks for, if there is one. */
export const keyHeader = (): Record<string, string> => (hasKey() ? { authorization: `Bearer ${process.env.API_KEY ?? ''}` } : {});

const hasKey = (): boolean => (process.env.API_KEY ?? '') !== '';

/** Sends one request. @returns the parsed answer @throws Failure with the service's own explanation, or where nothing answers */
export async function predict(context: ExecContext, options: PredictOptions): Promise<unknown> {
  context.report.command(curlLine(options));
  const response = await post(context, options);
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  throw refusal(response.status, text, options.url);
}

async function post(context: ExecContext, { url, body, patience = 0 }: PredictOptions): Promise<Response> {
  const deadline = Date.now() + patience;
  for (;;) {
    try {
      return await fetch(`${url}${paths.predictions}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...keyHeader() },
        body,
        signal: AbortSignal.any([context.signal, AbortSignal.timeout(answerTimeout)]),
      });
    } catch (cause) {
      context.signal.throwIfAborted();
      if (cause instanceof TypeError && Date.now() < deadline) {
        await sleep(200);
        continue;
      }
      const why = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
      throw new Failure(`Nothing answers at ${url}${why === '' ? '' : `: ${why}`}`, { cause, hint: '`rhizome status` says what is up; `rhizome up` starts it.' });
    }
  }
}

function refusal(status: number, text: string, url: string): Failure {
  // Something else may answer there: none of it is certain.
  let problem: Partial<Problem>;
  try {
    problem = JSON.parse(text) as Partial<Problem>;
  } catch {
    return new Failure(`${url} answered ${String(status)}, but not as this service does.`, { details: text.split('\n').slice(0, 5), hint: 'Does the URL lead to the model server?' });
  }
  return new Failure(`The service refused the request (${String(status)} ${problem.title ?? ''}): ${problem.detail ?? ''}`, {
    details: (problem.errors ?? []).map(({ pointer = '', detail = '', expected }: Partial<Issue>) => `${pointer} ${detail}${expected === undefined ? '' : ` (expected ${expected})`}`.trim()),
    hint: status === 401 ? 'Set API_KEY in the environment to the key.' : `What the model takes: ${url}${paths.docs}`,
  });
}

/** The folders of models/. */
async function modelFolders(root: string): Promise<string[]> {
  return (await readdir(join(root, 'models'), { withFileTypes: true }).catch(() => [])).filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((entry) => entry.name);
}

/** @throws Failure where there is no model at all: replicas would wait for one until their time is over */
export async function checkModels(root: string): Promise<void> {
  if ((await modelFolders(root)).length === 0) throw new Failure('There is no model to serve: models/ holds none.', { hint: 'Add one: rhizome add FILE.onnx' });
}

/** A model's examples, at least one. @param name by default the only model of models/ */
export async function modelExamples(root: string, name?: string): Promise<readonly [Example, ...Example[]]> {
  const known = await modelFolders(root);
  const model = name ?? (known.length === 1 ? known[0] : undefined);
  if (model === undefined || !known.includes(model)) {
    const list = known.length === 0 ? 'models/ holds none' : `models/ holds ${known.join(', ')}`;
    throw new UsageError(model === undefined ? `Which model? ${list}.` : `There is no model "${model}": ${list}.`);
  }
  const file = join('models', model, 'model.json');
  // Loaded here, because compiling the schema takes longer than all the rest of the command line.
  const { readModelJson, ModelJsonError } = await import('../../onnx/model-json.ts');
  const json = await readModelJson(join(root, file)).catch((cause: unknown) => {
    if (cause instanceof ModelJsonError) throw new Failure(cause.message, { cause, hint: `Correct ${file}.` });
    throw cause;
  });
  const [first, ...others] = json.examples ?? [];
  if (first === undefined) throw new Failure(`${file} has no examples.`, { hint: 'Add one ("input" and "prediction"); `rhizome predict` can send your own with --json or --file.' });
  return [first, ...others];
}

/** Sends the model's first example and checks the answer: the proof that the whole path works. */
export async function assertPrediction(context: ExecContext, url: string, model?: string): Promise<{ readonly answer: unknown; readonly curl: string }> {
  const [example] = await modelExamples(context.root, model);
  const options = { url, body: JSON.stringify(example.input), patience: 10_000 };
  const answer = await predict(context, options);
  const difference = differs(example, answer as Answer);
  if (difference !== undefined) {
    throw new Failure(`The model answers its first example otherwise than its model.json says: ${difference}.`, {
      details: [`sent ${options.body}`, `got  ${JSON.stringify(answer)}`],
      hint: 'Do model.onnx and model.json belong together? Does the URL lead to another program?',
    });
  }
  context.report.line(`→ ${JSON.stringify(answer)}`);
  return { answer, curl: curlLine(options) };
}
