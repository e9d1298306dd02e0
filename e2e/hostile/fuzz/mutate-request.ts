/** Requests with images and texts: real ones, of which parts are changed. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../../onnx/seeded-random.ts';
import { integers } from './numbers.ts';

export interface FuzzedRequest {
  readonly path: string;
  readonly type: string;
  readonly body: Uint8Array;
}

const fixtures = join(import.meta.dirname, '../../../onnx/decode');
/** What the models accept, so that most requests get as far as their decoders. */
const MOST_BYTES = 100_000;
const images = globSync('image/fixtures/*.{jpg,png,webp}', { cwd: fixtures })
  .sort()
  .map((path) => readFileSync(join(fixtures, path)))
  .filter(({ length }) => length < MOST_BYTES);
const { texts } = JSON.parse(readFileSync(join(fixtures, 'text/fixtures/texts-expected.json'), 'utf8')) as {
  readonly texts: readonly string[];
};

/** Characters at which code breaks: halves, marks without a letter, those that become many or none. */
const characters = [
  '',
  ' ',
  '\0',
  '\n',
  '\ud800',
  '\udfff',
  '\ufffd',
  '\uffff',
  '\u0301',
  '\u200d',
  '\u202e',
  'ﷺ',
  'İ',
].concat(['Σ', 'ß', 'ﬁ', '𠀀', '👩‍👩‍👧‍👦', '각', '##', '[MASK]', '[PAD]', '</s>', '<unk>', '\u001b[2J', '"', '\\', '{{']);
const COLORS = '/models/colors/predictions';
const SENTENCES = '/models/sentences/predictions';
const FORM = 'multipart/form-data; boundary=b';
const pick = <T>(of: readonly T[], random: Random): T => of[Math.floor(random() * of.length)] as T;

/** Returns a request for one of the models `colors` and `sentences`. */
export function mutateRequest(random: Random): FuzzedRequest {
  const image = damage(pick(images, random), random);
  switch (Math.floor(random() * 4)) {
    case 0:
      return { path: COLORS, type: pick(['image/jpeg', 'image/png', 'image/webp'], random), body: image };
    case 1:
      return { path: COLORS, type: FORM, body: perhaps(form(image), random) };
    case 2:
      return json(COLORS, 'image', () => perhapsText(Buffer.from(image).toString('base64'), random), random);
    default:
      return json(SENTENCES, 'text', () => mutateText(random), random);
  }
}

function form(image: Uint8Array): Buffer {
  const head =
    '--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n';
  return Buffer.concat([Buffer.from(head), image, Buffer.from('\r\n--b--\r\n')]);
}

/** Returns one row, several, or columns. */
function json(path: string, feature: string, value: () => string, random: Random): FuzzedRequest {
  const rows = Array.from({ length: 1 + Math.floor(random() * 3) }, value);
  const sent = pick(
    [{ [feature]: rows[0] }, rows.map((each) => ({ [feature]: each })), { columns: { [feature]: rows } }],
    random,
  );
  return { path, type: 'application/json', body: perhaps(Buffer.from(JSON.stringify(sent)), random) };
}

/** Puts texts and characters together; now and then, thousands of one of them. */
function mutateText(random: Random): string {
  const parts = Array.from({ length: Math.floor(random() * 12) }, () => {
    const text = random() < 0.4 ? pick(texts, random) : pick(characters, random);
    const from = Math.floor(random() * text.length);
    return random() < 0.5 ? text : text.slice(from, from + 1 + Math.floor(random() * 20));
  });
  if (random() < 0.1) parts.push(pick([...characters, 'a', '中'], random).repeat(20_000));
  const text = parts.join(random() < 0.5 ? '' : ' ');
  // Others are refused before they reach the tokenizer.
  return random() < 0.9 ? text.toWellFormed().replaceAll('\0', '') : text;
}

/** Damages a tenth of the bodies themselves: what they contain is damaged already. */
const perhaps = (bytes: Uint8Array, random: Random): Uint8Array => (random() < 0.1 ? damage(bytes, random) : bytes);

const perhapsText = (text: string, random: Random): string =>
  random() < 0.1 ? text.slice(0, Math.floor(random() * text.length)) + pick(characters, random) : text;

/** Changes bytes in one to four places. */
function damage(bytes: Uint8Array, random: Random): Uint8Array {
  let damaged = Buffer.from(bytes);
  for (let left = 1 + Math.floor(random() * 4); left > 0; left--) damaged = damageOnce(damaged, random);
  return damaged.subarray(0, MOST_BYTES);
}

function damageOnce(bytes: Buffer, random: Random): Buffer<ArrayBuffer> {
  const changed = Buffer.from(bytes);
  // The sizes and the tables of an image are at its start.
  const at = Math.floor(random() * (random() < 0.5 ? Math.min(bytes.length, 200) : bytes.length));
  const end = at + Math.floor(random() * 100);
  switch (Math.floor(random() * 7)) {
    case 0:
      return changed.subarray(0, at);
    case 1:
      return Buffer.concat([changed.subarray(0, at), changed.subarray(end)]);
    case 2:
      return Buffer.concat([changed.subarray(0, end), changed.subarray(at)]);
    case 3: {
      const other = pick(images, random);
      const from = Math.floor(random() * other.length);
      return Buffer.concat([changed.subarray(0, at), other.subarray(from, from + 100), changed.subarray(end)]);
    }
    case 4: {
      if (at + 4 > changed.length) return changed;
      const size = Number(BigInt.asUintN(32, pick(integers, random)));
      if (random() < 0.5) changed.writeUInt32BE(size, at);
      else changed.writeUInt16BE(size & 0xffff, at);
      return changed;
    }
    default:
      changed[at] = (changed[at] ?? 0) ^ (1 << Math.floor(random() * 8));
      return changed;
  }
}
