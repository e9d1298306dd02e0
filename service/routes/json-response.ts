import type { Context } from 'hono';
import { stringifyJson } from '../protocol/json.ts';

/** Returns a JSON response. It keeps 64-bit integers exact, and writes NaN and infinities as strings. */
export function jsonBody(c: Context, value: unknown): Response {
  return c.body(stringifyJson(value), 200, { 'Content-Type': 'application/json' });
}
