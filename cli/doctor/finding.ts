/** The result of one check. */
export interface Finding {
  /** What was checked. */
  readonly what: string;
  /** `missing`: the target cannot work without it. `warning`: the target works, but something else may not. */
  readonly state: 'ok' | 'warning' | 'missing';
  /** A version or an amount, or what is wrong. */
  readonly detail: string;
  /** What to do about it, as a sentence. */
  readonly fix?: string;
}

export const ok = (what: string, detail: string): Finding => ({ what, state: 'ok', detail });
