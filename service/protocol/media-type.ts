/** Returns a Content-Type without its parameters, in lower case, or '' if it is missing. */
export function mediaType(declared: string | undefined): string {
  return declared?.split(';')[0]?.trim().toLowerCase() ?? '';
}

/** A parameter of a header, after a semicolon: a quoted string or a token. */
const PARAMETER = /\s*;\s*([^\s=;"]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^\s;"]+))/y;

/**
 * Returns the parameters of a header such as Content-Type (RFC 2045), by their name in lower case. Of a parameter that
 * is repeated, the first one counts.
 */
export function parametersOf(header: string): Map<string, string> {
  const found = new Map<string, string>();
  const start = header.indexOf(';');
  if (start < 0) return found;
  PARAMETER.lastIndex = start;
  for (let match = PARAMETER.exec(header); match !== null; match = PARAMETER.exec(header)) {
    const [, name = '', quoted, token = ''] = match;
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, quoted?.replaceAll(/\\(["\\])/g, '$1') ?? token);
  }
  return found;
}
