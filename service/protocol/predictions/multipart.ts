import { ServiceError } from '../../errors.ts';
import { parametersOf } from '../media-type.ts';

/** A part of a form. */
export interface FormPart {
  readonly name: string;
  readonly content: Buffer;
}

/** A form has a part for each feature. */
const MOST_PARTS = 1000;
const MOST_HEADER_BYTES = 8 * 1024;
/** As RFC 2046 says. */
const MOST_BOUNDARY = 70;

/** Both may follow a boundary. */
const [SPACE, TAB] = [0x20, 0x09];

/**
 * Reads `multipart/form-data` (RFC 7578). The contents share the memory of the body.
 *
 * @param contentType the header, which names the boundary between the parts
 * @throws {ServiceError} `invalid-multipart`
 */
export function readMultipart(bytes: Uint8Array, contentType: string): FormPart[] {
  const boundary = parametersOf(contentType).get('boundary') ?? '';
  if (boundary === '' || boundary.length > MOST_BOUNDARY) throw invalid('its Content-Type has no boundary');
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  const first = delimiter.subarray(2);
  // What is in front of the first boundary is to be ignored (RFC 2046).
  const preamble = body.subarray(0, first.length).equals(first) ? -2 : body.indexOf(delimiter);
  if (preamble === -1) throw invalid(`it has no line --${boundary}`);
  const parts: FormPart[] = [];
  let at = preamble + delimiter.length;
  while (body.toString('latin1', at, at + 2) !== '--') {
    while (body[at] === SPACE || body[at] === TAB) at++;
    if (body.toString('latin1', at, at + 2) !== '\r\n') throw invalid(`byte ${at} is not the end of a line`);
    const end = body.indexOf(delimiter, at);
    if (end < 0) throw invalid('it ends before its last boundary');
    parts.push(readPart(body.subarray(at, end)));
    if (parts.length > MOST_PARTS) throw invalid(`it has more than ${MOST_PARTS} parts`);
    at = end + delimiter.length;
  }
  return parts;
}

/** @param part from the end of the line of its boundary on */
function readPart(part: Buffer): FormPart {
  const end = part.indexOf('\r\n\r\n');
  if (end < 0 || end > MOST_HEADER_BYTES) throw invalid('the headers of a part have no end');
  const headers = part.toString('utf8', 0, end);
  const [, disposition = ''] = /^content-disposition:([^\r\n]*)/im.exec(headers) ?? [];
  const name = parametersOf(disposition).get('name');
  if (name === undefined) throw invalid('a part has no name');
  // As browsers escape them: https://html.spec.whatwg.org/#multipart-form-data
  const escapes: Readonly<Record<string, string>> = { '%22': '"', '%0A': '\n', '%0D': '\r' };
  return {
    name: name.replaceAll(/%(?:22|0A|0D)/g, (escape) => escapes[escape] ?? escape),
    content: part.subarray(end + 4),
  };
}

const invalid = (why: string): ServiceError =>
  new ServiceError('invalid-multipart', `The body is not valid multipart/form-data: ${why}.`);
