/** The request of the form as programs, to copy. */
import type { ModelVersion, Row } from '../api/messages.ts';

export interface Request {
  /** The base URL of the service. */
  readonly url: string;
  readonly model: ModelVersion;
  /** Whether the model's default version is meant, so that the request need not name it. */
  readonly isDefault: boolean;
  /** The features. An image is `IMAGE`, since its base64 would be too long to read. */
  readonly row: Row;
  /** Whether the service needs a key. It is never part of the text. */
  readonly usesKey: boolean;
}

export const languages = ['curl', 'TypeScript', 'Python'] as const;
export type Language = (typeof languages)[number];

/** Returns a program that sends a request. */
export function snippet(language: Language, request: Request): string {
  return { curl, TypeScript: typescript, Python: python }[language](request);
}

/** Stands for an image in a row. */
export const IMAGE = Symbol('image');
/** A file that the reader has to name. */
const FILE = 'photo.jpg';
const KEY = 'RHIZOME_API_KEY';
/** In parts, or the image would keep the package that this text imports. */
const CLIENT = ['rhizome-kit', 'client'].join('/');

function curl({ row, usesKey, ...request }: Request): string {
  // A shell replaces $(…) in this document, and has no limit for it, unlike for an argument. Only the image is meant:
  // elsewhere, a text of the form could be a command.
  const image = `"$(base64 < ${FILE} | tr -d '\\n')"`;
  const inDocument = (value: unknown): string => quote(value).replaceAll(/[\\$`]/g, String.raw`\$&`);
  const lines = [
    `curl ${shell(urlOf(request))}`,
    ...(usesKey ? [`-H "Authorization: Bearer $${KEY}"`] : []),
    "-H 'Content-Type: application/json'",
    hasImage(row) ? `-d @- << END\n${object(row, '', image, inDocument)}\nEND` : `-d ${shell(object(row, '  '))}`,
  ];
  return lines.join(' \\\n  ');
}

function typescript({ url, model, isDefault, row, usesKey }: Request): string {
  const options = [`url: ${quote(url)}`, ...(usesKey ? [`apiKey: process.env.${KEY}`] : [])];
  const version = isDefault ? '' : `, { version: ${quote(model.version)} }`;
  const image = `await readFile(${quote(FILE)}, 'base64')`;
  return [
    ...(hasImage(row) ? ["import { readFile } from 'node:fs/promises';"] : []),
    `import { createClient } from '${CLIENT}';`,
    '',
    `const client = createClient({ ${options.join(', ')} });`,
    `const answer = await client.predict(${quote(model.name)}, ${object(row, '', image)}${version});`,
    'console.log(answer.prediction);',
  ].join('\n');
}

function python({ row, usesKey, ...request }: Request): string {
  const image = `base64.b64encode(open(${quote(FILE)}, "rb").read()).decode()`;
  const imports = [...(hasImage(row) ? ['import base64'] : []), ...(usesKey ? ['import os'] : [])];
  return [
    ...(imports.length > 0 ? [...imports, ''] : []),
    'import requests',
    '',
    'response = requests.post(',
    `    ${quote(urlOf(request))},`,
    `    json=${object(row, '    ', image, pythonValue)},`,
    ...(usesKey ? [`    headers={"Authorization": f"Bearer {os.environ['${KEY}']}"},`] : []),
    ')',
    'response.raise_for_status()',
    'print(response.json())',
  ].join('\n');
}

const urlOf = ({ url, model, isDefault }: Pick<Request, 'url' | 'model' | 'isDefault'>): string =>
  [
    `${url}/models/${encodeURIComponent(model.name)}`,
    ...(isDefault ? [] : [`versions/${encodeURIComponent(model.version)}`]),
    'predictions',
  ].join('/');

const shell = (text: string): string =>
  /^[\w:/.%-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** JSON is also a literal of JavaScript and, for texts, of Python. */
const quote = (value: unknown): string => JSON.stringify(value);

const hasImage = (row: Row): boolean => Object.values(row).includes(IMAGE);

/**
 * Writes a row in one line, if it is a short one, or with a line for each feature.
 *
 * @param image reads the file of an image
 * @param write writes names and values
 */
function object(row: Row, indent: string, image = '', write: (value: unknown) => string = quote): string {
  const entries = Object.entries(row)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${write(name)}: ${value === IMAGE ? image : write(value)}`);
  const line = `{ ${entries.join(', ')} }`;
  return line.length <= 60 ? line : `{\n${entries.map((entry) => `${indent}  ${entry}`).join(',\n')}\n${indent}}`;
}

function pythonValue(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return Array.isArray(value) ? `[${value.map(pythonValue).join(', ')}]` : JSON.stringify(value);
}
