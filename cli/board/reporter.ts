import type { Reporter } from '../terminal/reporter.ts';
import type { Feed } from './feed.ts';
import type { BoardEvent } from './messages.ts';

/** Shows on the board what a command prints on a terminal: the steps, and the plain commands that they run. */
export function boardReporter(feed: Feed): Reporter {
  const event = (kind: BoardEvent['kind'], text: string): void => {
    feed.events([{ at: Date.now(), kind, text }]);
  };
  return {
    step: (title) => {
      event('step', title);
    },
    command: (line) => {
      event('command', line);
    },
    line: (text) => {
      event('note', text);
    },
    // The board shows the replicas and the load itself.
    progress: () => undefined,
    counter: () => undefined,
    share: () => undefined,
    done: (title) => {
      event('good', title);
    },
    skipped: (title, reason) => {
      event('note', `${title}: skipped, ${reason}`);
    },
    failure: (message, details) => {
      event('bad', [message, ...details].join('\n'));
    },
  };
}
