import { Hono, type Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { experiments } from '../chaos/experiments/index.ts';
import { Failure } from '../failure.ts';
import type { Target } from '../targets/target.ts';
import { readableLine } from '../terminal/log-format.ts';
import type { Activities } from './activities.ts';
import type { Feed } from './feed.ts';
import { guard, secureHeaders, type Access } from './guard.ts';
import { readPageFile } from './page-files.ts';

export interface BoardParts extends Access {
  readonly feed: Feed;
  readonly activities: Activities;
  readonly target: Target;
  /** Ends the streams. */
  readonly signal: AbortSignal;
}

/** Lines of a log that a page begins with. */
const tail = 100;
/** Requests per second that a page may ask for. One process of this machine sends them. */
const highestRate = 500;

/** The board over HTTP: the page, a stream of what it shows, and what its buttons do. */
export function createBoardApp({ feed, activities, target, signal, ...access }: BoardParts): Hono {
  const app = new Hono();
  app.use(secureHeaders, guard(access));
  const at = (path: string): string => `/${access.token}/${path}`;
  app.get(at(''), (context) => sendFile(context, 'index.html'));
  app.get(at(':file'), (context) => sendFile(context, context.req.param('file') ?? ''));

  app.get(at('stream/updates'), (context) =>
    streamUntil(context, signal, (send) => {
      const unfollow = feed.follow(send);
      return { end: unfollow };
    }),
  );
  app.get(at('stream/log/:replica'), (context) =>
    streamUntil(context, signal, (send) => {
      const ended = new AbortController();
      const logs = target.logs({
        follow: true,
        tail,
        replica: context.req.param('replica') ?? '',
        signal: AbortSignal.any([signal, ended.signal]),
        format: (_, line) => readableLine(line),
        output: { write: send },
      });
      logs.catch((error: unknown) => {
        if (!ended.signal.aborted) send(`${error instanceof Failure ? error.message : String(error)}\n`);
      });
      return {
        end: () => {
          ended.abort();
        },
      };
    }),
  );

  app.post(at('load'), async (context) => {
    activities.startLoad(await readRate(context));
    return context.body(null, 204);
  });
  app.post(at('experiments/:name'), async (context) => {
    const experiment = experiments.find(({ name }) => name === context.req.param('name'));
    if (experiment === undefined) return context.text('There is no such experiment.\n', 404);
    activities.startExperiment(experiment, await readRate(context));
    return context.body(null, 204);
  });
  app.post(at('stop'), async (context) => {
    await activities.stop();
    return context.body(null, 204);
  });

  app.notFound((context) => context.text('There is nothing here.\n', 404));
  app.onError((error, context) =>
    error instanceof Failure ? context.text(`${error.message}\n`, 409) : context.text(`${String(error)}\n`, 500),
  );
  return app;
}

async function sendFile(context: Context, name: string): Promise<Response> {
  const file = await readPageFile(name);
  return file === undefined ? context.notFound() : context.body(file.text, 200, { 'content-type': file.type });
}

/** Sends server-sent events until the page is closed, or the board. */
function streamUntil(
  context: Context,
  signal: AbortSignal,
  begin: (send: (data: unknown) => void) => { readonly end: () => void },
): Response {
  return streamSSE(context, async (stream) => {
    const over = Promise.withResolvers<undefined>();
    const finish = (): void => {
      over.resolve(undefined);
    };
    stream.onAbort(finish);
    signal.addEventListener('abort', finish, { once: true });
    const { end } = begin((data) => void stream.writeSSE({ data: JSON.stringify(data) }));
    await over.promise;
    signal.removeEventListener('abort', finish);
    end();
  });
}

/** Reads `{"rate": 50}`. @throws {Failure} if it isn't one that a page asks for */
async function readRate(context: Context): Promise<number> {
  const { rate } = await context.req.json<{ readonly rate?: unknown }>();
  if (typeof rate !== 'number' || !(rate >= 1 && rate <= highestRate))
    throw new Failure(`The rate must be a number from 1 to ${String(highestRate)} requests per second.`);
  return rate;
}
