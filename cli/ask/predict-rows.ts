import { ServiceProblem } from '../../client/index.ts';
import type { Issue, PredictionResponse } from '../../service/contract/index.ts';
import { Failure } from '../failure.ts';
import { toJson } from '../json.ts';
import type { SourceRow } from '../row-files/row-source.ts';
import type { RowResult } from '../row-files/writer.ts';
import { issueText } from './issue-text.ts';

/**
 * Limits of a request, so that the service accepts it with its default settings, and responds long before its timeout.
 */
const maxRows = 500;
const maxBytes = 500_000;
/** How many problems of a row are reported. */
const maxIssues = 3;

export interface RowPredictor {
  /** Formats a row as JSON for the service. */
  readonly toJson: (row: SourceRow) => string;
  /** Sends a JSON array of rows and returns the response's JSON. @throws {RhizomeError} */
  readonly send: (body: string) => Promise<unknown>;
}

interface Outcome {
  readonly prediction?: Partial<PredictionResponse>;
  readonly error?: string;
  /** The service's own error with this row. */
  readonly serviceError?: ServiceProblem;
}

/**
 * Sends rows in batches, one after the other, and yields the results of each batch, in the order of the rows.
 *
 * If the service rejects a batch, the others of its rows are sent again without the invalid ones. If the response does
 * not name those, the batch is halved until each rejected row is alone.
 *
 * @throws {RhizomeError} if the service rejects a request for another reason than its rows, or fails for every row
 */
export async function* predictRows(
  rows: AsyncIterable<SourceRow>,
  predictor: RowPredictor,
): AsyncGenerator<readonly RowResult[]> {
  const sender = new BatchSender(predictor.send);
  for await (const batch of batches(rows, predictor.toJson, () => sender.maxRows)) {
    const outcomes = await sender.send(batch.filter(({ row }) => row.problem === undefined).map(({ json }) => json));
    const serviceError = outcomes[0]?.serviceError;
    if (serviceError !== undefined && outcomes.every((outcome) => outcome.serviceError !== undefined))
      throw serviceError;
    const next = outcomes.values();
    yield batch.map(({ row }): RowResult => {
      if (row.problem !== undefined) return { row, error: row.problem };
      const { prediction, error = 'no prediction' } = next.next().value ?? {};
      return prediction === undefined ? { row, error } : { row, prediction };
    });
  }
}

interface EncodedRow {
  readonly row: SourceRow;
  readonly json: string;
}

async function* batches(
  rows: AsyncIterable<SourceRow>,
  encode: RowPredictor['toJson'],
  limit: () => number,
): AsyncGenerator<readonly EncodedRow[]> {
  let batch: EncodedRow[] = [];
  let bytes = 0;
  for await (const row of rows) {
    const json = row.problem === undefined ? encode(row) : '';
    if (batch.length >= limit() || (batch.length > 0 && bytes + json.length > maxBytes)) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push({ row, json });
    bytes += json.length;
  }
  if (batch.length > 0) yield batch;
}

class BatchSender {
  /** Lower once a batch of this size has exceeded the service's timeout, or its limit for the model. */
  maxRows = maxRows;
  readonly #send: RowPredictor['send'];

  constructor(send: RowPredictor['send']) {
    this.#send = send;
  }

  async send(rows: readonly string[]): Promise<readonly Outcome[]> {
    if (rows.length === 0) return [];
    try {
      return predictionsOf(await this.#send(`[${rows.join(',')}]`), rows.length);
    } catch (error) {
      if (!(error instanceof ServiceProblem) || !mayBeTheRows(error)) throw error;
      return await this.#isolate(rows, error);
    }
  }

  async #isolate(rows: readonly string[], problem: ServiceProblem): Promise<readonly Outcome[]> {
    if (problem.code === 'timeout' || problem.code === 'body-too-large')
      this.maxRows = Math.max(1, Math.floor(rows.length / 2));
    const invalid = new Map([...issuesByRow(problem.errors)].filter(([index]) => index < rows.length));
    if (rows.length === 1) {
      const error = invalid.get(0)?.join('; ') ?? (problem.detail || `rejected with status ${String(problem.status)}`);
      return [{ error, ...(problem.status >= 500 && { serviceError: problem }) }];
    }
    if (invalid.size === 0) {
      const middle = Math.ceil(rows.length / 2);
      return [...(await this.send(rows.slice(0, middle))), ...(await this.send(rows.slice(middle)))];
    }
    const others = (await this.send(rows.filter((_, index) => !invalid.has(index)))).values();
    return rows.map((_, index) => {
      const issues = invalid.get(index);
      return issues === undefined ? (others.next().value ?? {}) : { error: issues.join('; ') };
    });
  }
}

/** Tells whether fewer or other rows may succeed. A wrong API key, for example, is not the rows' fault. */
const mayBeTheRows = ({ status, code }: ServiceProblem): boolean =>
  code !== undefined && (code === 'timeout' || [400, 413, 422, 500].includes(status));

function predictionsOf(response: unknown, count: number): readonly Outcome[] {
  if (!Array.isArray(response) || response.length !== count)
    throw new Failure(
      `Sent ${String(count)} ${count === 1 ? 'row' : 'rows'}, ` +
        'but the response does not have one prediction for each: ' +
        toJson(response).slice(0, 200),
      { hint: 'Check that the URL is that of the service.' },
    );
  return response.map((prediction: Partial<PredictionResponse>) => ({ prediction }));
}

/** Groups the issues by the row that their pointer names: `#/7/petal_width`. */
function issuesByRow(errors: readonly Issue[]): Map<number, string[]> {
  const rows = new Map<number, string[]>();
  for (const issue of errors) {
    const [, index, field = ''] = /^#\/(\d+)(?:\/(.*))?$/s.exec(issue.pointer) ?? [];
    if (index === undefined) continue;
    const issues = rows.get(Number(index)) ?? [];
    if (issues.length < maxIssues) issues.push(`${field === '' ? '' : `${fieldName(field)}: `}${rowIssueText(issue)}`);
    rows.set(Number(index), issues);
  }
  return rows;
}

const rowIssueText = (issue: Issue): string =>
  `${issueText(issue)}${issue.value === '' ? ' (write a missing value as NaN)' : ''}`;

/** Decodes a part of a JSON Pointer (RFC 6901). */
const fieldName = (pointer: string): string => decodeURIComponent(pointer).replaceAll('~1', '/').replaceAll('~0', '~');
