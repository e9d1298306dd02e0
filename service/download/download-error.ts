/** The models cannot be downloaded. The message says why, and what to do. */
export class DownloadError extends Error {
  override readonly name = 'DownloadError';
  /** Whether another attempt may succeed. */
  readonly isTransient: boolean;

  constructor(message: string, { cause, isTransient = false }: { cause?: unknown; isTransient?: boolean } = {}) {
    super(message, { cause });
    this.isTransient = isTransient;
  }
}

/** Returns a URL without what may be secret: user, password and query. */
export const shown = ({ origin, pathname }: URL): string => `${origin}${pathname}`;
