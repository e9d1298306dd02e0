/** What one writes without Rhizome: Hono, and one run per request. No validation, log, metrics, limits or drain. */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { InferenceSession, Tensor } from 'onnxruntime-node';

const { MODEL = '', FEATURES = '', CLASSES = '', PORT } = process.env;
const features = FEATURES.split(',');
const classes = CLASSES.split(',');
const session = await InferenceSession.create(MODEL, { intraOpNumThreads: 1, interOpNumThreads: 1 });
const [input = ''] = session.inputNames;
const [labels = '', scores = ''] = session.outputNames;

type Row = Readonly<Record<string, number>>;
const app = new Hono();
app.get('/readyz', (context) => context.text('ready'));
app.post('/predictions', async (context) => {
  const body = await context.req.json<Row | Row[]>();
  const rows = Array.isArray(body) ? body : [body];
  const cells = Float32Array.from(rows.flatMap((row) => features.map((name) => row[name] ?? NaN)));
  const outputs = await session.run({ [input]: new Tensor('float32', cells, [rows.length, features.length]) });
  const label = outputs[labels]?.data as BigInt64Array;
  const score = outputs[scores]?.data as Float32Array;
  const predictions = rows.map((_, row) => ({
    prediction: classes[Number(label[row])],
    probabilities: Object.fromEntries(classes.map((name, index) => [name, score[row * classes.length + index]])),
  }));
  return context.json(Array.isArray(body) ? predictions : predictions[0]);
});
serve({ fetch: app.fetch, port: Number(PORT), hostname: '127.0.0.1' });
