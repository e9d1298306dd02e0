/**
 * The other floor: the runtime alone, in a loop. Prints how many rows per second it runs, as JSON, by batch size:
 *
 *     runtime-loop.ts MODEL_FILE ROW_SHAPE BATCH_SIZES SECONDS
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';

const [file = '', shape = '', sizes = '', seconds = ''] = process.argv.slice(2);
const rowShape = shape.split(',').map(Number);
const perRow = rowShape.reduce((product, size) => product * size, 1);
const session = await InferenceSession.create(file, { intraOpNumThreads: 1, interOpNumThreads: 1 });
const [input = ''] = session.inputNames;

const rowsPerSecond: Record<string, number> = {};
for (const rows of sizes.split(',').map(Number)) {
  const cells = Float32Array.from({ length: rows * perRow }, (_, index) => (index % 100) / 100);
  const feeds = { [input]: new Tensor('float32', cells, [rows, ...rowShape]) };
  await session.run(feeds);
  let runs = 0;
  const start = performance.now();
  let elapsed = 0;
  while (elapsed < Number(seconds) * 1000) {
    await session.run(feeds);
    runs += 1;
    elapsed = performance.now() - start;
  }
  rowsPerSecond[rows] = (runs * rows * 1000) / elapsed;
}
process.stdout.write(`${JSON.stringify(rowsPerSecond)}\n`);
