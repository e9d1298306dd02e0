/** The floor: `node:http` that parses the JSON and responds with a constant. */
import { createServer } from 'node:http';

const prediction = {
  prediction: 'setosa',
  probabilities: { setosa: 0.970154, versicolor: 0.029845, virginica: 0.000001 },
  model: { name: 'iris', version: '1' },
};
const one = JSON.stringify(prediction);
const many = new Map<number, string>();

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('end', () => {
      const body = (chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString())) as unknown;
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(Array.isArray(body) ? rows(body.length) : one);
    });
}).listen(Number(process.env['PORT']), '127.0.0.1');

function rows(count: number): string {
  let text = many.get(count);
  if (text === undefined) {
    text = JSON.stringify(Array.from({ length: count }, () => prediction));
    many.set(count, text);
  }
  return text;
}
