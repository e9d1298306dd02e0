import { pino, type Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { LogOutput } from './log-output.ts';

/** One completed request. */
export interface AccessEntry {
  /** Letters, digits and dashes, as is the method: they need no escaping. */
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  /** An HTTP status, or the name of a gRPC status. */
  readonly status: number | string;
  readonly milliseconds: number;
  readonly model: string | undefined;
  /** Undefined if requests are not traced. */
  readonly traceId?: string | undefined;
}

/** Logs a request at a level. */
export type AccessLog = (level: 'info' | 'debug', entry: AccessEntry) => void;

/** What the loggers of `createLogger` write to. */
const outputs = new WeakMap<Logger, LogOutput>();

/** Creates a logger that writes JSON lines to standard output. */
export function createLogger({ logLevel, logSync }: Pick<Config, 'logLevel' | 'logSync'>): Logger {
  const output = new LogOutput({
    sync: logSync,
    droppedLine: (total) =>
      `{"level":"warn","time":"${isoTime()}","dropped":${total},` +
      '"msg":"log lines were dropped, because standard output was not read"}\n',
  });
  const logger = pino(
    {
      level: logLevel,
      base: null,
      timestamp: () => `,"time":"${isoTime()}"`,
      formatters: { level: (name) => ({ level: name }) },
    },
    output,
  );
  outputs.set(logger, output);
  return logger;
}

/** Writes what a logger of `createLogger` has collected. Call it when the logger is no longer used. */
export function closeLogger(logger: Logger): void {
  outputs.get(logger)?.close();
}

/**
 * Returns a function that logs requests. For a logger of `createLogger`, it composes the same line as the logger in a
 * fraction of the time.
 */
export function accessLogOf(logger: Logger): AccessLog {
  const output = outputs.get(logger);
  if (output === undefined) {
    return (level, { requestId, method, path, status, milliseconds, model, traceId }) => {
      logger[level](
        {
          request_id: requestId,
          method,
          path,
          status,
          duration_ms: rounded(milliseconds),
          ...(model !== undefined && { model }),
          ...traced(traceId),
        },
        'request',
      );
    };
  }
  return (level, { requestId, method, path, status, milliseconds, model, traceId }) => {
    if (!logger.isLevelEnabled(level)) return;
    output.write(
      `{"level":"${level}","time":"${isoTime()}","request_id":"${requestId}","method":"${method}"` +
        `,"path":${quoted(path)},"status":${typeof status === 'number' ? status : quoted(status)}` +
        `,"duration_ms":${rounded(milliseconds)}${model === undefined ? '' : `,"model":${quoted(model)}`}` +
        (traceId === undefined ? '' : `,"trace_id":"${traceId}"`) +
        ',"msg":"request"}\n',
    );
  };
}

/** Returns the field of a line about a request that is traced, or none. */
export function traced(traceId: string | undefined): { readonly trace_id?: string } {
  return traceId === undefined ? {} : { trace_id: traceId };
}

/** Returns what writes a whole line to where a logger of `createLogger` writes; false if the line was dropped. */
export function lineWriterOf(logger: Logger): (line: string) => boolean {
  const output = outputs.get(logger);
  return (line) => output?.write(line) ?? false;
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}

const SPECIAL = /["\\\u0000-\u001f\ud800-\udfff]/;

function quoted(text: string): string {
  return SPECIAL.test(text) ? JSON.stringify(text) : `"${text}"`;
}

let [timeMs, time] = [0, ''];

/** Returns the time. Under load, many lines share a millisecond. */
function isoTime(): string {
  const now = Date.now();
  if (now !== timeMs) [timeMs, time] = [now, new Date(now).toISOString()];
  return time;
}
