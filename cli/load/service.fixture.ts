import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readModelJson } from '../../onnx/signature/model-json.ts';

export const { examples = [] } = await readModelJson('models/iris/model.json');

/** In place of the service: each example of the iris model gets the answer that model.json says, unless `instead` has another one. */
export async function serveExamples(instead?: (served: number) => RequestListener | undefined): Promise<{ readonly server: Server; readonly port: number; readonly url: string }> {
  let served = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => { body += chunk.toString(); }).on('end', () => {
      const other = instead?.(served++);
      if (other !== undefined) other(request, response);
      else response.end(JSON.stringify(examples.find(({ input }) => JSON.stringify(input) === body)));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { server, port, url: `http://127.0.0.1:${port}` };
}
