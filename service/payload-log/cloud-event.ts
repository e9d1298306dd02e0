import type { FinishedRecord } from './payload-record.ts';

/** The type of the events. A change that readers have to know about changes its number. */
const TYPE = 'dev.rhizome.prediction.v1';

/**
 * Returns a record as an event of CloudEvents 1.0, in JSON.
 *
 * @param service the name of the service, which is the source of the event
 */
export function cloudEvent({ subject, fields }: FinishedRecord, service: string): string {
  const { model, version, traceparent } = subject;
  const attributes = {
    specversion: '1.0',
    // Clients may use a request id twice; the id of an event is unique.
    id: crypto.randomUUID(),
    source: `/${encodeURIComponent(service)}`,
    type: TYPE,
    subject: `${model}/${version}`,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    ...(traceparent !== undefined && { traceparent }),
  };
  return `${JSON.stringify(attributes).slice(0, -1)},"data":{${fields}}}`;
}
