import type { Logger } from 'pino';
import type { PayloadLogConfig } from '../config/telemetry.ts';
import { ExportQueue, type ExportObserver, type Receiver } from '../exports/export-queue.ts';
import { headerSource } from '../exports/headers.ts';
import { HttpReceiver } from '../exports/http-receiver.ts';
import { cloudEvent } from './cloud-event.ts';
import { PayloadLog } from './payload-log.ts';
import { Redaction } from './redaction.ts';

/** What waits for the receiver, in characters. */
const MOST_WAITING = 4 * 2 ** 20;
/** What is sent at once if the receiver takes batches. */
const BATCH_CHARACTERS = 256 * 1024;
/** An event has at least so many characters. */
const LEAST_EVENT = 256;
const DELAY_MS = 1000;
const TIMEOUT_MS = 10_000;

export interface OpenPayloadLog {
  readonly log: PayloadLog;
  /** Sends what is left, within a time. */
  readonly close: (milliseconds: number) => Promise<void>;
}

/**
 * Starts to log requests and their responses.
 *
 * @param writeLine writes a line to standard output; returns false if it was dropped
 */
export function openPayloadLog(
  config: PayloadLogConfig,
  observer: ExportObserver,
  logger: Pick<Logger, 'info' | 'warn'>,
  writeLine: (line: string) => boolean,
): OpenPayloadLog {
  const { receiver, sample, maxBytes, source } = config;
  const options = { sample, maxBytes, redaction: new Redaction(config), logger };
  if (receiver === undefined) {
    const log = new PayloadLog({
      ...options,
      write: ({ fields }) => {
        const time = new Date().toISOString();
        if (writeLine(`{"level":"info","time":"${time}",${fields},"msg":"payload"}\n`)) observer.exported(1);
        else observer.dropped(1, 'queue-full');
      },
    });
    return { log, close: () => Promise.resolve() };
  }
  const queue = new ExportQueue<string>({
    what: 'payloads',
    receiver: eventReceiver(receiver, config),
    observer,
    logger,
    weightOf: (event) => event.length,
    most: MOST_WAITING,
    batch: config.batches ? BATCH_CHARACTERS : 1,
    delayMs: config.batches ? DELAY_MS : 0,
    timeoutMs: TIMEOUT_MS,
  });
  const log = new PayloadLog({
    ...options,
    write: (record) => {
      queue.add(cloudEvent(record, source));
    },
    hasRoom: () => !queue.isFull(LEAST_EVENT),
    drop: () => {
      queue.drop(1, 'queue-full');
    },
  });
  return { log, close: (milliseconds) => queue.close(milliseconds) };
}

function eventReceiver(url: URL, { headersFile, batches }: PayloadLogConfig): Receiver<string> {
  const http = new HttpReceiver(url, headerSource(undefined, headersFile));
  const contentType = `application/cloudevents${batches ? '-batch' : ''}+json; charset=utf-8`;
  return {
    name: http.name,
    send: (events, signal) =>
      http.post({ body: batches ? `[${events.join()}]` : (events[0] ?? ''), contentType }, signal),
    close: () => {
      http.close();
    },
  };
}
