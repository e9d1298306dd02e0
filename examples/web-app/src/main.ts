/** A page with a form, which asks the service. Start the service first: npx rhizome up. */
import { createServer } from 'node:http';
import { createClient, RhizomeError } from 'rhizome-kit/client';
import type { IrisFeatures, Models } from './models.ts';
import { page } from './page.ts';

const client = createClient<Models>({ url: process.env.MODELS_URL ?? 'http://localhost:8080' });

const server = createServer((request, response) => {
  const send = (status: number, type: string, body: string): void => {
    response.writeHead(status, { 'content-type': `${type}; charset=utf-8` }).end(body);
  };
  // Returns null for an address that is not valid, where `new URL` would throw.
  const url = URL.parse(`http://localhost${request.url ?? '/'}`);
  if (url?.pathname !== '/') {
    send(404, 'text/plain', 'There is only one page: /\n');
    return;
  }
  answer(url.searchParams).then(
    (html) => {
      send(200, 'text/html', html);
    },
    (error: unknown) => {
      // An error that nobody handles would end the server.
      console.error(error);
      send(500, 'text/plain', 'Something went wrong. The output of the app says what.\n');
    },
  );
});

async function answer(given: URLSearchParams): Promise<string> {
  const read = (name: keyof IrisFeatures, initial: number): number => Number(given.get(name)) || initial;
  // A feature that is missing here, misspelt, or not a number, does not compile.
  const flower: IrisFeatures = {
    sepal_length: read('sepal_length', 5.9),
    sepal_width: read('sepal_width', 3),
    petal_length: read('petal_length', 4.2),
    petal_width: read('petal_width', 1.5),
  };
  try {
    return page(flower, await client.predict('iris', flower));
  } catch (error) {
    if (error instanceof RhizomeError) return page(flower, error);
    throw error;
  }
}

server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object') console.log(`http://localhost:${String(address?.port)}`);
});
