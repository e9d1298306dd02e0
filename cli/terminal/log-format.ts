import { escapeControls } from './printable.ts';
import { createStyle, isTerminal, type Output, type Style } from './style.ts';

/** Formats a line of a replica's log for a person. */
export type FormatLog = (replica: string, line: string) => string;

/** As it was written, behind the replica's name: for programs. */
export const plainLog: FormatLog = (replica, line) => `${replica} | ${line}`;

/** For programs; on a terminal, escaped so that the terminal obeys nothing in it. The JSON's values stay the same. */
export const jsonLogFor = (output: Output): FormatLog =>
  output.isTTY === true ? (replica, line) => escapeControls(plainLog(replica, line)) : plainLog;

/** Readable on a terminal; elsewhere as it was written. */
export const logFormatFor = (output: Output, env: NodeJS.ProcessEnv = process.env): FormatLog =>
  isTerminal(output, env) ? readableLog(createStyle(output, env)) : plainLog;

type Entry = Readonly<Record<string, unknown>>;

/**
 * Returns a function that formats the service's JSON log entries: the time, the replica, and for a request its method,
 * path, status and milliseconds. A line that is not a log entry of the service is shown as it is. Characters that a
 * terminal would obey are escaped everywhere: clients choose the path, for example.
 */
export function readableLog(style: Style): FormatLog {
  const colourOf = replicaColours();
  return (replica, line) => readableLine(line, style, `${style(colourOf(replica), escapeControls(replica))} `);
}

const plain: Style = (_, text) => text;

/** Formats one line of a replica's log as `readableLog` does. @param name what stands between the time and the text */
export function readableLine(line: string, style: Style = plain, name = ''): string {
  const entry = parse(line);
  if (entry === undefined) return `${' '.repeat(timeWidth)} ${name}${escapeControls(line)}`;
  const text = isRequest(entry) ? request(entry, style) : message(entry, style);
  return `${style('dim', time(entry.time))} ${name}${text}`;
}

const timeWidth = 'hh:mm:ss'.length;

/** Gives each replica a colour of its own, as long as there are any. */
function replicaColours(): (replica: string) => 'cyan' | 'magenta' | 'blue' | 'green' | 'yellow' {
  const colours = ['cyan', 'magenta', 'blue', 'green', 'yellow'] as const;
  const known: string[] = [];
  return (replica) => {
    if (!known.includes(replica)) known.push(replica);
    return colours[known.indexOf(replica) % colours.length] ?? 'cyan';
  };
}

function parse(line: string): Entry | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry = JSON.parse(line) as Entry;
    return typeof entry.msg === 'string' ? entry : undefined;
  } catch {
    return undefined;
  }
}

/** The local time of day. */
function time(value: unknown): string {
  const date = new Date(typeof value === 'string' || typeof value === 'number' ? value : NaN);
  return Number.isNaN(date.getTime()) ? ' '.repeat(timeWidth) : date.toTimeString().slice(0, timeWidth);
}

const isRequest = ({ method, path, status }: Entry): boolean =>
  typeof method === 'string' && typeof path === 'string' && (typeof status === 'number' || typeof status === 'string');

function request({ method, path, status, duration_ms: duration }: Entry, style: Style): string {
  const took = typeof duration === 'number' ? ` ${duration.toFixed(duration < 10 ? 1 : 0)} ms` : '';
  const [what, where, how] = [method, path, status].map((value) => escapeControls(String(value)));
  return `${what ?? ''} ${where ?? ''} ${style(statusColour(status), how ?? '')}${took}`;
}

/** gRPC's status is a name, of which only OK is a success. */
const statusColour = (status: unknown): 'green' | 'yellow' | 'red' =>
  typeof status !== 'number'
    ? status === 'OK'
      ? 'green'
      : 'red'
    : status >= 500
      ? 'red'
      : status >= 400
        ? 'yellow'
        : 'green';

const levelColours: Readonly<Record<string, 'yellow' | 'red'>> = { warn: 'yellow', error: 'red', fatal: 'red' };

function message({ level, time: _, msg, err, ...fields }: Entry, style: Style): string {
  const colour = levelColours[String(level)];
  const what = escapeControls(String(msg));
  const text = colour === undefined ? what : style(colour, `${String(level)}: ${what}`);
  const details = Object.entries(fields).map(([name, value]) => escapeControls(`${name}=${formatField(value)}`));
  return [text, ...(details.length === 0 ? [] : [style('dim', details.join(' '))])].join(' ') + stackOf(err, style);
}

function formatField(value: unknown): string {
  if (typeof value === 'number') return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)));
  return typeof value === 'string' && /^[^\s"]+$/.test(value) ? value : JSON.stringify(value);
}

/** The stack of a logged error, on lines of its own. */
function stackOf(error: unknown, style: Style): string {
  if (typeof error !== 'object' || error === null) return '';
  const { stack, message: text } = error as { readonly stack?: unknown; readonly message?: unknown };
  const lines = typeof stack === 'string' ? stack : typeof text === 'string' ? text : JSON.stringify(error);
  return lines
    .split('\n')
    .map((line) => `\n  ${style('dim', escapeControls(line.trim()))}`)
    .join('');
}
