import { EngineError } from '../../onnx/engine/engine.ts';
import {
  decodePredictions,
  outputsCarryRows,
  predictionOutputs,
  type Prediction,
} from '../../onnx/batch/decode-predictions.ts';
import { ownOutputs } from '../inference/batch.ts';
import { predict } from '../inference/predict.ts';
import type { LoadedEntry } from '../inference/repository/entry.ts';
import type { RunOptions, RunResult } from '../inference/run.ts';
import { tooManyRows, type RowLimit } from '../inference/request-size.ts';
import { checkPlain, parseJson } from '../protocol/json.ts';
import { compileReader, type FeatureReader, type ReadFeatures } from '../protocol/predictions/compile-reader.ts';
import { compileWriter, type PredictionsWriter } from '../protocol/predictions/compile-writer.ts';
import { decodeFeatures, type DecodedFeatures } from '../protocol/predictions/request.ts';
import { writePredictions } from '../protocol/predictions/response.ts';
import { acceptsUploads, readUpload, withBase64 } from '../protocol/predictions/uploads.ts';
import { countRows, predictionsLimit } from '../protocol/row-limit.ts';
import { checkJson, checkUpload } from './body/content-type.ts';
import { checkDecodeWait, decodeRows, type DecodeObserver } from './decode-rows.ts';
import type { ExchangeProtocol, ExchangeResponse } from './exchange.ts';
import { JSON_BODY } from './body/json-body.ts';

/** What a signature determines, prepared once. */
interface Prepared {
  readonly limit: RowLimit;
  /** Whether bodies may be images. */
  readonly uploads: boolean;
  readonly read: FeatureReader;
  readonly write: PredictionsWriter;
  /** The names of the outputs that predictions are read from. */
  readonly fetches: readonly string[];
}

/** A decoded body. */
interface Decoded {
  readonly prepared: Prepared;
  readonly body: unknown;
  /** Undefined if the body is not plain: `decodeFeatures` reads it, and finds the errors and warnings. */
  readonly plain: ReadFeatures | undefined;
  readonly features: DecodedFeatures | undefined;
}

/** A run of a plain body, or predictions. */
type Result = { readonly run: RunResult } | { readonly run?: undefined; readonly predictions: readonly Prediction[] };

/**
 * Predictions from named features. Plain bodies go straight from JSON to the inputs of a run, and from its outputs to
 * JSON. Everything else takes the general way, which has the same results for plain bodies.
 *
 * @param strictRanges rejects values outside their feature's range or choices, which otherwise only cause a warning
 * @param largeIsPlain whether large bodies have to consist of numbers
 * @param observerOf returns who is told about a model's decoding
 */
export function predictionsProtocol(
  strictRanges: boolean,
  largeIsPlain: boolean,
  observerOf: (model: string) => DecodeObserver,
): ExchangeProtocol<Decoded, Result> {
  const cache = new WeakMap<LoadedEntry, Prepared>();
  const prepare = (entry: LoadedEntry): Prepared => {
    const known = cache.get(entry);
    if (known !== undefined) return known;
    const { signature } = entry.model;
    const { plan } = entry.executor;
    const made = {
      limit: predictionsLimit(signature, plan),
      uploads: acceptsUploads(signature.features),
      read: compileReader(signature),
      write: compileWriter(signature, plan.maxResponseBytes),
      fetches: predictionOutputs(signature),
    };
    cache.set(entry, made);
    return made;
  };

  const features = ({ model: { signature } }: LoadedEntry, { body, features }: Decoded): DecodedFeatures =>
    features ?? decodeFeatures(signature, body, strictRanges);

  const predictGenerally = async (entry: LoadedEntry, decoded: Decoded, options: RunOptions): Promise<Result> => {
    const read = features(entry, decoded);
    const rows = await decodeRows(entry.model, read, options, observerOf(entry.name));
    return { predictions: await predict(entry, rows, read.pointer, options) };
  };

  return {
    check(request, entry) {
      if (!prepare(entry).uploads) {
        checkJson(request);
        return;
      }
      checkUpload(request);
      checkDecodeWait(entry.model, request, observerOf(entry.name));
    },
    decode(entry, request, bytes) {
      const prepared = prepare(entry);
      const { features: known } = entry.model.signature;
      const body =
        (prepared.uploads ? readUpload(known, bytes, request.header('content-type') ?? '') : undefined) ??
        readJson(bytes, largeIsPlain);
      // Before memory is allocated for them.
      const rows = countRows(body);
      if (rows > prepared.limit.rows) throw tooManyRows(entry.name, rows, prepared.limit);
      const plain = prepared.read(body);
      const decoded = { prepared, body, plain, features: undefined };
      return plain === undefined ? { ...decoded, features: features(entry, decoded) } : decoded;
    },
    run(entry, decoded, request) {
      const { plain } = decoded;
      if (plain === undefined) return predictGenerally(entry, decoded, request);
      // The general way finds out whether the request or the model is the cause of an error, and which row. It also
      // runs the rows one by one if nobody can tell which of the outputs belong to which row.
      const again = (): Promise<Result> => {
        const { deadline, abandoned, trace } = request;
        return predictGenerally(entry, decoded, { deadline, abandoned, trace, continued: true });
      };
      const { fetches } = decoded.prepared;
      return entry.executor.run(plain.feeds, fetches, request).then(
        (run) =>
          run.shared || plain.rows === 1 || outputsCarryRows(run.outputs, fetches, plain.rows) ? { run } : again(),
        (error: unknown) => {
          if (error instanceof EngineError) return again();
          throw error;
        },
      );
    },
    encode(entry, decoded, result) {
      const { plain } = decoded;
      if (result.run === undefined || plain === undefined)
        return general(entry, result.run === undefined ? result.predictions : [], features(entry, decoded));
      const { outputs, firstRow, rows, shared } = result.run;
      const { write, fetches } = decoded.prepared;
      const total = shared ? outputs[fetches[0] ?? '']?.shape[0] : plain.rows;
      const text = write(outputs, firstRow, plain.rows, plain.single, total);
      if (text !== undefined) return { status: 200, headers: JSON_BODY, body: text };
      const own = shared ? ownOutputs(result.run) : outputs;
      return general(entry, decodePredictions(entry.model.signature, own, rows), features(entry, decoded));
    },
    recordRequest(record, { body, prepared }, bytes) {
      record.requestBody(() => (prepared.uploads ? withBase64(body) : body), bytes);
    },
    recordResponse(record, _, { body }) {
      if (typeof body === 'string') record.responseBody(body);
    },
  };
}

function readJson(bytes: Uint8Array, largeIsPlain: boolean): unknown {
  if (largeIsPlain) checkPlain(bytes);
  return parseJson(bytes);
}

function general(
  { model: { signature }, executor: { plan } }: LoadedEntry,
  predictions: readonly Prediction[],
  features: DecodedFeatures,
): ExchangeResponse {
  const body = writePredictions(signature, predictions, features, plan.maxResponseBytes);
  return { status: 200, headers: JSON_BODY, body };
}
