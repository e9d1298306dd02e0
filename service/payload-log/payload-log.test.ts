import type { NamesOfModel } from './named-values.ts';
import { PayloadLog, type PayloadLogOptions } from './payload-log.ts';
import type { FinishedRecord } from './payload-record.ts';
import { Redaction } from './redaction.ts';

const signature: NamesOfModel = {
  inputs: [{ name: 'X', dtype: 'float32', shape: ['N', 1] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['N'] }],
  features: [{ name: 'age', input: 'X', column: 0, dtype: 'float32', shape: [] }],
  output: { task: 'regressor', value: 'y' },
};
const request = { requestId: 'a1', traceId: undefined, trace: undefined };

/** Returns a log, what it writes, and the warnings about it. */
function open(options: Partial<PayloadLogOptions> = {}) {
  const records: FinishedRecord[] = [];
  const warnings: (readonly [object, string])[] = [];
  let dropped = 0;
  const log = new PayloadLog({
    sample: 1,
    redaction: new Redaction({ redact: ['income'], hash: [], hashKey: undefined }),
    maxBytes: 1000,
    write: (record) => records.push(record),
    drop: () => dropped++,
    logger: { warn: (...warning: [object, string]) => warnings.push(warning) } as never,
    ...options,
  });
  const begin = () => log.begin({ name: 'm', version: '1', model: { signature } }, request);
  return { begin, records, warnings, dropped: () => dropped };
}

/** A body that cannot be read. */
const broken = {
  get age(): number {
    throw new RangeError('98.25 is secret');
  },
};

test('a record that fails never fails its request, and the log says so once, without values', () => {
  const failing = {
    ofRequest: open(),
    ofResponse: open(),
    ofWrite: open({
      write: () => {
        throw new RangeError('98.25');
      },
    }),
  };
  for (let index = 0; index < 2; index++) {
    const { ofRequest, ofResponse, ofWrite } = failing;
    const first = ofRequest.begin();
    first?.requestBody(() => broken, 10);
    first?.responseBody('{"prediction":1}');
    const second = ofResponse.begin();
    second?.requestBody(() => ({ age: 1 }), 10);
    second?.responseBody('{"prediction":98.25');
    const third = ofWrite.begin();
    third?.requestBody(() => ({ age: 1 }), 10);
    third?.responseBody('{"prediction":1}');
  }
  const about = { request_id: 'a1', model: 'm', version: '1' };
  const message = 'a request cannot be recorded in the payload log';
  expect(failing.ofRequest.warnings).toEqual([[{ ...about, reason: 'RangeError' }, message]]);
  expect(failing.ofResponse.warnings).toEqual([[{ ...about, reason: 'SyntaxError' }, message]]);
  expect(failing.ofWrite.warnings).toEqual([[{ ...about, reason: 'RangeError' }, message]]);
  expect(Object.values(failing).flatMap(({ records }) => records)).toEqual([]);
});

test('without room, no record is built, and each that succeeds counts as dropped', () => {
  let hasRoom = false;
  const { begin, records, warnings, dropped } = open({ hasRoom: () => hasRoom });
  const late = begin();
  late?.requestBody(() => broken, 10);
  // A request without a response is not logged, and so not dropped.
  begin()?.requestBody(() => broken, 10);
  hasRoom = true;
  late?.responseBody('{"prediction":1}');
  expect(dropped()).toBe(1);
  const early = begin();
  early?.requestBody(() => ({ age: 1 }), 10);
  hasRoom = false;
  early?.responseBody('no JSON');
  expect(dropped()).toBe(2);
  hasRoom = true;
  const whole = begin();
  whole?.requestBody(() => ({ age: 1, income: 2 }), 10);
  whole?.responseBody('{"prediction":1}');
  expect(records.map(({ fields }) => fields)).toEqual([
    '"request_id":"a1","model":"m","version":"1","request":{"age":1},"response":{"prediction":1}',
  ]);
  expect([dropped(), warnings]).toEqual([2, []]);
});
