import { allReplicas, type DeploymentStatus } from '../../deployment-status.ts';
import type { BoardInfo, BoardMessage, Second, Traffic } from '../messages.ts';
import { span, type Mark } from './axes.ts';
import { showActivity, showControls, showResult, showRunningTime } from './controls.ts';
import { find, h } from './element.ts';
import { clearEvents, showEvents } from './journal.ts';
import { offerLogs } from './log.ts';
import { showPlots } from './plots.ts';
import { showAges, showReplicas } from './replicas.ts';

const notice = find(HTMLElement, '#notice');
const summary = find(HTMLElement, '#summary');
let traffic: Traffic[] = [];
const seconds = new Map<number, Second>();
let marks: Mark[] = [];
/** What limits the load, for as long as nothing is worse. */
let note = '';

function show(message: BoardMessage): void {
  switch (message.kind) {
    case 'info':
      showInfo(message.info);
      break;
    case 'status':
      showStatus(message.status);
      break;
    case 'events':
      showEvents(message.events);
      for (const { at, kind, replica } of message.events)
        if (replica !== undefined && (kind === 'good' || kind === 'bad')) marks.push({ at, kind });
      marks = marks.slice(-50);
      break;
    case 'traffic':
      traffic.push(...message.traffic);
      drawPlots();
      break;
    case 'load':
      for (const second of message.seconds) seconds.set(second.at, second);
      drawPlots();
      break;
    case 'activity':
      showActivity(message.activity);
      break;
    case 'result':
      showResult(message.result);
      break;
  }
}

/** The first message of each connection: everything else follows again. */
function showInfo(info: BoardInfo): void {
  note = info.note ?? '';
  warn(note);
  clearEvents();
  traffic = [];
  seconds.clear();
  marks = [];
  const link = h('a', { href: info.url, target: '_blank', rel: 'noreferrer' }, info.url);
  find(HTMLElement, '#target').replaceChildren(`${info.target}, at `, link);
  showControls(info);
}

function showStatus(status: DeploymentStatus | string): void {
  if (typeof status === 'string') {
    warn(status);
    return;
  }
  warn(note);
  const { ready, wanted } = status;
  const counts = `${String(ready)} of ${String(wanted)} replicas ready`;
  summary.textContent = counts;
  summary.className = `summary ${ready >= wanted ? 'good' : 'bad'}`;
  document.title = `${counts} · Rhizome board`;
  showReplicas(status);
  offerLogs(allReplicas(status).map(({ name }) => name));
}

function warn(text: string): void {
  if (notice.textContent !== text) notice.textContent = text;
  notice.hidden = text === '';
}

function drawPlots(): void {
  const now = Date.now();
  const start = now - span * 1000;
  traffic = traffic.filter(({ to }) => to > start);
  for (const at of seconds.keys()) if (at < start) seconds.delete(at);
  const load = [...seconds.values()].toSorted((one, other) => one.at - other.at);
  showPlots({ traffic, load, marks, now });
}

const updates = new EventSource('stream/updates');
updates.addEventListener('message', ({ data }: MessageEvent<string>) => {
  show(JSON.parse(data) as BoardMessage);
});
updates.addEventListener('error', () => {
  warn('The board does not respond. If you have ended it, run `rhizome board` again, which prints a new address.');
});
setInterval(() => {
  showAges();
  showRunningTime();
  drawPlots();
}, 1000);
new ResizeObserver(drawPlots).observe(find(HTMLElement, '.plots'));
drawPlots();
