import { find, h } from './element.ts';

const mostLines = 400;
const output = find(HTMLPreElement, '#log');
const choice = find(HTMLSelectElement, '#log-replica');
let source: EventSource | undefined;
let lines: string[] = [];
let drawing = false;
/** Whether the end is in view: until somebody scrolls up. */
let atEnd = true;

choice.addEventListener('change', follow);
output.addEventListener('scroll', () => {
  atEnd = output.scrollTop + output.clientHeight >= output.scrollHeight - 8;
});

/** Offers the replicas, and follows the log of the first one until another is chosen. */
export function offerLogs(replicas: readonly string[]): void {
  const offered = [...choice.options].map(({ value }) => value);
  if (offered.join() === replicas.join()) return;
  const chosen = choice.value;
  choice.replaceChildren(...replicas.map((name) => h('option', { value: name }, name)));
  if (replicas.includes(chosen)) choice.value = chosen;
  else follow();
}

function follow(): void {
  source?.close();
  lines = [];
  draw();
  if (choice.value === '') return;
  source = new EventSource(`stream/log/${choice.value}`);
  // After a lost connection the server begins anew.
  source.addEventListener('open', () => {
    lines = [];
  });
  source.addEventListener('message', ({ data }: MessageEvent<string>) => {
    lines.push(JSON.parse(data) as string);
    lines.splice(0, lines.length - mostLines);
    // A load writes many lines between two frames.
    if (!drawing) requestAnimationFrame(draw);
    drawing = true;
  });
}

function draw(): void {
  drawing = false;
  output.textContent = lines.join('');
  if (atEnd) output.scrollTop = output.scrollHeight;
}
