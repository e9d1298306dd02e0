import type { ErrorHandler } from 'hono';
import type { Logger } from 'pino';
import { errorResponse } from '../exchange/response/error-response.ts';
import { toResponse } from './to-response.ts';

/** Responds to errors of routes and middleware. */
export function problems(logger: Logger): ErrorHandler {
  return (error, c) => toResponse(c, errorResponse(error, c.get('observation'), logger));
}
