import { highest, ratio, scaled, type Line } from './line.ts';

const at64 = (contender: string): string => `iris/${contender}/c64/b1`;

/** What the service has to reach. Ratios compare figures of one run on one machine; the rest is for this machine. */
export const lines: readonly Line[] = [
  {
    measurement: 'iris',
    what: 'iris /predictions, 64 connections: throughput',
    quantity: ratio(`${at64('predictions')}/rps`, `${at64('bare')}/rps`),
    relation: '≥',
    limit: 0.8,
    unit: ' × bare',
  },
  {
    measurement: 'iris',
    what: 'iris /predictions, 64 connections: throughput',
    quantity: ratio(`${at64('predictions')}/rps`, `${at64('naive')}/rps`),
    relation: '≥',
    limit: 2.2,
    unit: ' × naive',
  },
  {
    measurement: 'iris',
    what: 'iris /v2 JSON, 64 connections: throughput',
    quantity: ratio(`${at64('infer-json')}/rps`, `${at64('bare')}/rps`),
    relation: '≥',
    limit: 0.65,
    unit: ' × bare',
  },
  {
    measurement: 'iris',
    what: 'iris /v2 binary, 64 connections: throughput',
    quantity: ratio(`${at64('infer-binary')}/rps`, `${at64('bare')}/rps`),
    relation: '≥',
    limit: 0.65,
    unit: ' × bare',
  },
  {
    measurement: 'iris',
    what: 'iris /predictions, 1 connection: p50',
    quantity: ratio('iris/predictions/c1/b1/p50', 'iris/naive/c1/b1/p50'),
    relation: '≤',
    limit: 1,
    unit: ' × naive',
  },
  {
    measurement: 'iris',
    what: 'iris /predictions, 64 connections: p99',
    quantity: ratio(`${at64('predictions')}/p99`, `${at64('bare')}/p99`),
    relation: '≤',
    limit: 2,
    unit: ' × bare',
  },
  {
    measurement: 'grpc',
    what: 'gRPC ModelInfer, 64 streams over 4 connections: throughput',
    quantity: ratio('grpc/now/c64/b1/rps', 'grpc/before/c64/b1/rps'),
    relation: '≥',
    limit: 2,
    unit: ' × before',
  },
  {
    measurement: 'forest',
    what: 'forest of 300 trees, 64 connections: throughput',
    quantity: ratio('forest/predictions/c64/b1/rps', 'forest/naive/c64/b1/rps'),
    relation: '≥',
    limit: 2,
    unit: ' × naive',
  },
  {
    measurement: 'forest',
    what: 'forest of 300 trees, 64 connections: the easier of 0.9 × runtime and 0.75 × bare',
    quantity: highest(
      scaled(ratio('forest/predictions/c64/b1/rows', 'forest/runtime/rows'), 1 / 0.9),
      scaled(ratio('forest/predictions/c64/b1/rps', 'forest/bare/c64/b1/rps'), 1 / 0.75),
    ),
    relation: '≥',
    limit: 1,
    unit: ' × of it',
  },
  {
    measurement: 'convolution',
    what: 'convolution net, 64 connections, /v2 binary: rows per second',
    quantity: ratio('convolution/infer-binary/c64/b1/rows', 'convolution/runtime/rows'),
    relation: '≥',
    limit: 0.95,
    unit: ' × runtime',
  },
  {
    measurement: 'image',
    what: '224×224×3 float32, /v2 binary: throughput',
    quantity: ratio('image/infer-binary/c64/b1/rps', 'image/echo/c64/b1/rps'),
    relation: '≥',
    limit: 0.8,
    unit: ' × echo',
  },
];
