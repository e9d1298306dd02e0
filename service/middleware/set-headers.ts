/** What headers are set on: those of a response, or a context of Hono before its route runs. */
export interface HeaderTarget {
  set(name: string, value: string): unknown;
}

/** @param headers names and values in turn */
export function setHeaders(target: HeaderTarget, headers: readonly string[]): void {
  for (let index = 0; index < headers.length; index += 2) target.set(headers[index] ?? '', headers[index + 1] ?? '');
}
