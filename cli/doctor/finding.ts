/** What was looked at, and how it is. */
export interface Finding {
  readonly what: string;
  /** `missing`: what was asked for cannot work without it; `warning`: something less can. */
  readonly state: 'ok' | 'warning' | 'missing';
  /** A version, an amount, or what is wrong. */
  readonly detail: string;
  /** What to do about it. */
  readonly fix?: string;
}

export const ok = (what: string, detail: string): Finding => ({ what, state: 'ok', detail });
