import type { Explanation } from '../../infra/explanations/doc-comments.ts';
import { columns } from '../terminal/columns.ts';
import type { Style } from '../terminal/style.ts';
import { isGroup, nameOf, type Field } from './fields.ts';

/** What a line may have at most: longer ones are hard to read, even on a wide terminal. */
const widest = 80;

/** Formats fields and their explanations, for a reader. Fields with the same explanation share it. */
export function formatFields(fields: readonly Field[], style: Style): string {
  const lines: string[] = [];
  let before: Field | undefined;
  for (const field of fields) {
    if (isGroup(field)) continue;
    if (before !== undefined && (before.object !== field.object || before.explanation !== field.explanation))
      lines.push(...explained(before, style), '');
    if (before?.object !== field.object) lines.push(style('bold', nameOf(field.object)));
    if (field.path !== '') lines.push(...title(field).map((line) => style('cyan', line)));
    before = field;
  }
  return [...lines, ...(before === undefined ? [] : explained(before, style))].join('\n');
}

/** Formats the objects alone, with the number of their fields. */
export function formatObjects(fields: readonly Field[], style: Style): string {
  const objects = fields.filter(({ place }) => place.length === 0);
  return objects
    .map((each) => {
      const count = fields.filter(({ object, value }) => object === each.object && value !== undefined).length;
      const title = `${style('bold', nameOf(each.object))}${style('dim', `, ${String(count)} fields`)}`;
      return [title, ...explained(each, style)].join('\n');
    })
    .join('\n\n');
}

/** A value that is no longer than this stays on the line of its name. */
const shortValue = 20;

/** Writes a path and its value. A long path is broken after a dot, so that no name is. */
function title({ path, value }: Field): string[] {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const steps = path.split(/(?<=\.)/);
  const lines = [''];
  for (const [index, step] of steps.entries()) {
    const line = `${lines.at(-1) ?? ''}${step}`;
    const isLast = index === steps.length - 1 && value !== undefined;
    const more = isLast ? ': '.length + (text.length <= shortValue ? text.length : 0) : 0;
    if (line.length + more > widest) lines.push(`  ${step}`);
    else lines[lines.length - 1] = line;
  }
  if (value === undefined) return lines;
  return [...lines.slice(0, -1), ...columns([[`${lines.at(-1) ?? ''}: ${text}`]], { width: widest })];
}

function explained({ object, path, explanation }: Field, style: Style): string[] {
  if (explanation === undefined) {
    const place = [object.kind.toLowerCase(), path.replaceAll(/\[.*?\]/g, '')].filter(Boolean).join('.');
    return [style('dim', `  Rhizome has no explanation for this. See: kubectl explain ${place}`)];
  }
  const { why, without, prop } = explanation;
  const rows = [['why', why], ...(without === undefined ? [] : [['without', without]])];
  if (prop !== undefined) rows.push(['prop', propOf(prop, explanation)]);
  return columns(
    rows.map(([label = '', text = '']) => [style('dim', label), text]),
    { indent: '  ', width: widest },
  );
}

const propOf = (prop: string, { default: byDefault }: Explanation): string =>
  byDefault === undefined ? prop : `${prop}; default: ${byDefault}`;

/** Returns what `--json` prints. */
export const summaryOf = (fields: readonly Field[]): readonly object[] =>
  fields
    .filter((field) => !isGroup(field))
    .map(({ object, path, value, explanation }) => ({
      object: nameOf(object),
      path,
      ...(value !== undefined && { value }),
      ...(explanation && {
        why: explanation.why,
        without: explanation.without,
        prop: explanation.prop,
        default: explanation.default,
      }),
    }));
