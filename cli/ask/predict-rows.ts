import type { Issue, Problem } from '../../service/contract/index.ts';
import { Failure } from '../failure.ts';
import { parseJson } from '../json.ts';
import type { SourceRow } from '../row-files/row-source.ts';
import type { Answer, AnsweredRow } from '../row-files/writer.ts';

/** Of a request: what the service takes with its default settings, and answers long before its time-out. */
const mostRows = 500;
const mostBytes = 500_000;
/** Of a row's problems. */
const mostIssues = 3;

export interface Reply {
  readonly status: number;
  readonly text: string;
}

export interface Asking {
  /** A row's JSON, as the service takes it. */
  readonly toJson: (row: SourceRow) => string;
  /** Sends a JSON array of rows. */
  readonly ask: (body: string) => Promise<Reply>;
  /** What a reply means that refuses everything, as a wrong key. */
  readonly refusal: (reply: Reply) => Failure;
}

interface Outcome {
  readonly answer?: Answer;
  readonly error?: string;
  /** The service itself failed. */
  readonly failure?: Failure;
}

/**
 * Sends rows in batches, one after the other, and finds those that the service refuses: it names the rows, or else the batch
 * is halved until what is refused is a row by itself. In their order.
 */
export async function* answerRows(
  rows: AsyncIterable<SourceRow>,
  asking: Asking,
): AsyncGenerator<readonly AnsweredRow[]> {
  const sender = new Sender(asking);
  for await (const batch of batches(rows, asking.toJson, () => sender.mostRows)) {
    const outcomes = await sender.send(batch.filter(({ row }) => row.problem === undefined).map(({ json }) => json));
    const failure = outcomes[0]?.failure;
    if (failure !== undefined && outcomes.every((outcome) => outcome.failure !== undefined)) throw failure;
    const next = outcomes.values();
    yield batch.map(({ row }): AnsweredRow => {
      if (row.problem !== undefined) return { row, error: row.problem };
      const { answer, error = 'no answer' } = next.next().value ?? {};
      return answer === undefined ? { row, error } : { row, answer };
    });
  }
}

interface Encoded {
  readonly row: SourceRow;
  readonly json: string;
}

async function* batches(
  rows: AsyncIterable<SourceRow>,
  toJson: Asking['toJson'],
  most: () => number,
): AsyncGenerator<readonly Encoded[]> {
  let batch: Encoded[] = [];
  let bytes = 0;
  for await (const row of rows) {
    const json = row.problem === undefined ? toJson(row) : '';
    if (batch.length >= most() || (batch.length > 0 && bytes + json.length > mostBytes)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push({ row, json });
    bytes += json.length;
  }
  if (batch.length > 0) yield batch;
}

class Sender {
  /** Fewer, once so many took the service too long. */
  mostRows = mostRows;
  readonly #asking: Asking;

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  async send(rows: readonly string[]): Promise<readonly Outcome[]> {
    if (rows.length === 0) return [];
    const reply = await this.#asking.ask(`[${rows.join(',')}]`);
    if (reply.status === 200) return this.#answers(reply, rows.length);
    const problem = problemOf(reply);
    const timedOut = problem?.type?.endsWith(':timeout') === true;
    if (problem === undefined || !(timedOut || [400, 413, 422, 500].includes(reply.status)))
      throw this.#asking.refusal(reply);
    if (timedOut) this.mostRows = Math.max(1, Math.floor(rows.length / 2));

    const wrong = new Map([...issuesByRow(problem)].filter(([index]) => index < rows.length));
    if (rows.length === 1) {
      const error = wrong.get(0)?.join('; ') ?? problem.detail ?? `refused with status ${String(reply.status)}`;
      return [{ error, ...(reply.status >= 500 && { failure: this.#asking.refusal(reply) }) }];
    }
    if (wrong.size === 0) {
      const half = Math.ceil(rows.length / 2);
      return [...(await this.send(rows.slice(0, half))), ...(await this.send(rows.slice(half)))];
    }
    const others = (await this.send(rows.filter((_, index) => !wrong.has(index)))).values();
    return rows.map((_, index) => {
      const issues = wrong.get(index);
      return issues === undefined ? (others.next().value ?? {}) : { error: issues.join('; ') };
    });
  }

  #answers(reply: Reply, count: number): readonly Outcome[] {
    const answers = parseJson(reply.text);
    if (!Array.isArray(answers) || answers.length !== count)
      throw new Failure(
        `${String(count)} rows were sent, and the answer is not one for each: ${reply.text.slice(0, 200)}`,
        { hint: 'Does the URL lead to the model server?' },
      );
    return answers.map((answer: Answer) => ({ answer }));
  }
}

/** Undefined where the reply is not the service's: something else may answer there. */
function problemOf({ text }: Reply): Partial<Problem> | undefined {
  try {
    return JSON.parse(text) as Partial<Problem>;
  } catch {
    return undefined;
  }
}

/** What is wrong with each row that the service names. Pointers are as `#/7/petal_width`. */
function issuesByRow({ errors = [] }: Partial<Problem>): Map<number, string[]> {
  const rows = new Map<number, string[]>();
  for (const issue of errors) {
    const [, index, rest = ''] = /^#\/(\d+)(?:\/(.*))?$/s.exec(issue.pointer) ?? [];
    if (index === undefined) continue;
    const issues = rows.get(Number(index)) ?? [];
    if (issues.length < mostIssues) issues.push(describe(rest, issue));
    rows.set(Number(index), issues);
  }
  return rows;
}

function describe(pointer: string, { detail, value, expected }: Issue): string {
  const field = pointer === '' ? '' : `${unescape(pointer)}: `;
  const what =
    expected === undefined || detail.startsWith('Expected')
      ? detail.replace(/\.$/, '')
      : `${detail.replace(/\.$/, '')}, expected ${expected}`;
  const got = value === undefined ? '' : `: ${JSON.stringify(value)}`;
  return `${field}${what}${got}${value === '' ? ' (a missing value is written NaN)' : ''}`;
}

/** A JSON Pointer's part as the field's name (RFC 6901). */
const unescape = (pointer: string): string => decodeURIComponent(pointer).replaceAll('~1', '/').replaceAll('~0', '~');
