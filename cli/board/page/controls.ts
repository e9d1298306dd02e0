import type { Outcome } from '../../chaos/outcome.ts';
import type { Activity, BoardInfo, ExperimentInfo, Result } from '../messages.ts';
import { announce, find, h } from './element.ts';
import { formatAge } from './format.ts';

interface Control {
  readonly name: string;
  readonly element: HTMLLIElement;
  readonly button: HTMLButtonElement;
  readonly stop: HTMLButtonElement;
  readonly result: HTMLElement;
}

const list = find(HTMLUListElement, '#controls');
const unavailable = find(HTMLDetailsElement, '#unavailable');
const rate = find(HTMLInputElement, '#rate');
let controls: readonly Control[] = [];
let activity: Activity | null = null;

/** Shows a button for the load and for each experiment that this target allows, with what it promises. */
export function showControls({ loadPromise, experiments }: BoardInfo): void {
  const load = { name: 'load', title: 'send the models’ examples, and check each response', promise: loadPromise };
  const possible = experiments.filter((experiment) => experiment.unavailable === undefined);
  const others = experiments.filter((experiment) => experiment.unavailable !== undefined);
  controls = [load, ...possible].map(createControl);
  list.replaceChildren(...controls.map(({ element }) => element));
  unavailable.hidden = others.length === 0;
  find(HTMLElement, '#unavailable summary').textContent = `Not on this target: ${String(others.length)}`;
  find(HTMLElement, '#unavailable dl').replaceChildren(
    ...others.flatMap(({ name, unavailable: why = '' }) => [h('dt', {}, name), h('dd', {}, why)]),
  );
}

function createControl({ name, title, promise }: ExperimentInfo): Control {
  const path = name === 'load' ? 'load' : `experiments/${name}`;
  const start = (): void => {
    if (rate.reportValidity()) void post(name, path, { rate: rate.valueAsNumber });
  };
  const button = h('button', { type: 'button', click: start, 'aria-describedby': `about-${name}` }, name);
  const stop = h(
    'button',
    { type: 'button', class: 'stop', hidden: true, click: () => void post(name, 'stop') },
    'stop',
  );
  const result = h('p', { class: 'result', hidden: true });
  const element = h(
    'li',
    {},
    h('div', { class: 'buttons' }, button, stop),
    h(
      'div',
      {},
      h('p', { id: `about-${name}` }, capital(title), '. ', h('span', { class: 'muted' }, `Promise: ${promise}`)),
      result,
    ),
  );
  return { name, element, button, stop, result };
}

/** Shows what runs. An experiment has a load of its own, so it may take the place of the load. */
export function showActivity(now: Activity | null): void {
  if (now !== null && now.name !== activity?.name) announce(`${now.name} runs.`);
  activity = now;
  for (const { name, button, stop, result } of controls) {
    const runs = now?.name === name;
    // Who pressed a button with the keyboard can press the one in its place.
    const focused = document.activeElement === button || document.activeElement === stop;
    button.hidden = runs;
    button.disabled = now !== null && now.name !== 'load';
    stop.hidden = !runs;
    if (focused) (runs ? stop : button).focus();
    if (runs) result.className = 'result running';
  }
  showRunningTime();
}

/** Continues the time of what runs. */
export function showRunningTime(): void {
  const running = controls.find(({ name }) => name === activity?.name);
  if (running === undefined || activity === null) return;
  running.result.hidden = false;
  running.result.textContent = `Running for ${formatAge(Date.now() - activity.startedAt)}.`;
}

/** Shows how the load or an experiment ended, and whether it kept its promise. */
export function showResult({ name, outcome, problem = '' }: Result): void {
  const control = controls.find((each) => each.name === name);
  if (control === undefined) return;
  const kept = outcome !== undefined && outcome.exceeded.length === 0;
  const text = outcome === undefined ? problem : summary(outcome);
  control.result.hidden = false;
  control.result.className = `result ${outcome === undefined ? 'none' : kept ? 'good' : 'bad'}`;
  control.result.textContent = text;
  announce(`${name}: ${text}`);
}

function summary(outcome: Outcome): string {
  const { skipped, exceeded, sent = 0, failed = 0, kinds = '', refused = 0, failedTwice, backAfterSeconds } = outcome;
  if (skipped !== undefined) return `Skipped: ${skipped}.`;
  const failures = `${noneOr(failed)} of ${String(sent)} requests failed${kinds === '' ? '' : ` (${kinds})`}`;
  const facts = [
    failures,
    ...(refused > 0 ? [`${String(refused)} were refused`] : []),
    ...(failedTwice === undefined || failed === 0 ? [] : [`${noneOr(failedTwice)} of them again`]),
    ...(backAfterSeconds === undefined ? [] : [`all replicas were back after ${backAfterSeconds.toFixed(1)} s`]),
  ].join(', ');
  return exceeded.length === 0 ? `✓ Promise kept: ${facts}.` : `✗ Promise broken: ${exceeded.join(' ')} ${facts}.`;
}

/** Does what a button is for. Shows beside the button why the board refuses. */
async function post(name: string, path: string, body: unknown = {}): Promise<void> {
  const refusal = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  }).then(
    async (response) => (response.ok ? undefined : (await response.text()).trim()),
    () => 'The board does not respond.',
  );
  if (refusal !== undefined) showResult({ at: Date.now(), name, problem: refusal });
}

const noneOr = (count: number): string => (count === 0 ? 'none' : String(count));

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
