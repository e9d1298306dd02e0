import type { Context } from 'hono';
import { stringifyJson } from '../protocol/json.ts';

/** A JSON answer that keeps 64-bit integers exact, and has names for the numbers that JSON lacks. */
export function json(c: Context, value: unknown): Response {
  return c.body(stringifyJson(value), 200, { 'Content-Type': 'application/json' });
}
