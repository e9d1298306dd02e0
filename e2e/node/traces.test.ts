/**
 * Tests that the receiver of the OpenTelemetry Collector, in a process of its own, accepts the traces of the service.
 * `.ci/otlp-receiver` builds it and prints its path as OTLP_RECEIVER.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { startService } from '../../service/fixtures/process.ts';
import { until } from '../../service/fixtures/until.ts';
import { testUnless } from '../needs.ts';
import { freePort } from '../suite.ts';

const models = join(import.meta.dirname, '../../models');
const program = process.env['OTLP_RECEIVER'];
const traceId = '0af7651916cd43dd8448eb211c80319c';
const caller = 'b7ad6b7169203331';

/** What the receiver prints: OTLP/JSON. */
interface Received {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { readonly key: string; readonly value: unknown }[] };
    readonly scopeSpans: readonly { readonly spans: readonly ReceivedSpan[] }[];
  }[];
}

interface ReceivedSpan {
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
}

testUnless(
  program === undefined ? 'needs a receiver: eval "$(.ci/otlp-receiver)"' : undefined,
  "the OpenTelemetry Collector's receiver accepts the traces of the service",
  async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const receiver: ChildProcessByStdio<null, Readable, null> = spawn(program ?? '', [address], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const lines: string[] = [];
      createInterface(receiver.stdout).on('line', (line) => lines.push(line));
      await until(() => lines.includes('listening'), 'the receiver listens');
      const service = await startService(models, {
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://${address}`,
        OTEL_SERVICE_NAME: 'iris-server',
      });
      try {
        const response = await fetch(`${service.url}/models/iris/predictions`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', traceparent: `00-${traceId}-${caller}-01` },
          body: JSON.stringify({ sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 }),
        });
        expect(response.status).toBe(200);
        await response.arrayBuffer();
      } finally {
        await service.stop();
      }
      await until(() => lines.length > 1, 'the receiver has printed the traces');
      const { resourceSpans } = JSON.parse(lines[1] ?? '') as Received;
      expect(resourceSpans[0]?.resource.attributes).toContainEqual({
        key: 'service.name',
        value: { stringValue: 'iris-server' },
      });
      const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
      expect(spans.map(({ name }) => name)).toEqual([
        'POST /models/:name/predictions',
        'decode',
        'queue',
        'run',
        'encode',
      ]);
      expect(spans[0]).toMatchObject({ traceId, parentSpanId: caller, kind: 2 });
    } finally {
      receiver.kill();
    }
  },
);
