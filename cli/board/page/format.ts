/** Formats a duration in the largest unit that fits: `42 s`, `12 min`, `3 h`, `2 d`. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 120) return `${String(seconds)} s`;
  if (seconds < 7200) return `${String(Math.floor(seconds / 60))} min`;
  return seconds < 172_800 ? `${String(Math.floor(seconds / 3600))} h` : `${String(Math.floor(seconds / 86_400))} d`;
}

/** The local time of day. */
export const formatTime = (at: number): string => new Date(at).toTimeString().slice(0, 8);

export const formatBytes = (bytes: number): string => `${String(Math.round(bytes / 2 ** 20))} MiB`;

/** Two digits are enough to compare. */
export function formatMilliseconds(value: number): string {
  const digits = (number: number): string => String(Number(number.toPrecision(2)));
  return value >= 1000 ? `${digits(value / 1000)} s` : `${digits(value)} ms`;
}

/** A whole number, or one digit more if it is small. */
export const formatRate = (perSecond: number): string => String(Number(perSecond.toFixed(perSecond < 10 ? 1 : 0)));

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${String(count)} ${count === 1 ? one : many}`;
