/** The floor for large bodies: `node:http` that responds with the bytes that it received. */
import { createServer } from 'node:http';

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('end', () => {
      const body = Buffer.concat(chunks);
      response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': body.length });
      response.end(body);
    });
}).listen(Number(process.env['PORT']), '127.0.0.1');
