import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { targetNamed } from '../targets/find.ts';
import type { Target } from '../targets/target.ts';
import type { ExecContext } from '../tools/exec.ts';
import { Feed } from './feed.ts';
import type { BoardMessage } from './messages.ts';
import { observeReplicas } from './observe-replicas.ts';
import { boardReporter } from './reporter.ts';
import { observeTraffic } from './traffic/observe-traffic.ts';

// A folder without manifests is like one whose manifests `up` is writing: they cannot be read at the moment.

const feed = new Feed({ target: 'context=mine', url: 'http://localhost', loadPromise: '', experiments: [] });
let root: string;
let board: AbortController;
let context: ExecContext;
let target: Target;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rhizome-board-'));
  board = new AbortController();
  context = { root, report: boardReporter(feed), signal: board.signal };
  target = targetNamed(context, 'context=mine');
});
afterEach(() => rm(root, { recursive: true }));

test('without manifests, the board shows why there is no status, and is not ended by the events', async () => {
  const messages = new EventTarget();
  const status = once(messages, 'status', { signal: AbortSignal.timeout(20_000) });
  const statuses: BoardMessage[] = [];
  feed.follow((message) => {
    if (message.kind !== 'status') return;
    statuses.push(message);
    messages.dispatchEvent(new Event('status'));
  });
  const observing = observeReplicas(context, target, feed);
  await Promise.race([status, observing]);
  board.abort();
  await observing;
  expect(statuses).toEqual([{ kind: 'status', status: expect.stringContaining('There are no manifests') }]);
});

test('without manifests, what the replicas serve is not known, and measured again later', async () => {
  const shown: unknown[] = [];
  await observeTraffic(target, {
    pause: 1,
    replicas: () => [{ name: 'iris-server-1-a', ready: true, restarts: 0, startedAt: '2026-01-01T00:00:00Z' }],
    show: (traffic) => {
      shown.push(traffic);
      if (shown.length === 2) board.abort();
    },
    signal: board.signal,
  });
  expect(shown).toEqual([undefined, undefined]);
});
