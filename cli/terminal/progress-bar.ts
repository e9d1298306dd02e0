const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const width = 24;

/**
 * Formats how far a step is, in one line: a spinner that moves each second and the seconds so far, and a bar if the
 * share is known.
 * @param amount what is done, such as `143 MB`. @default the percentage of the share
 */
export function progressBar(seconds: number, share?: number, amount?: string): string {
  const spinner = `${frames[seconds % frames.length] ?? ''} ${String(seconds)} s`;
  if (share === undefined) return amount === undefined ? spinner : `${spinner}  ${amount}`;
  const done = Math.min(1, Math.max(0, share));
  const filled = Math.round(done * width);
  const bar = '━'.repeat(filled) + '─'.repeat(width - filled);
  return `${spinner}  ${bar} ${amount ?? `${String(Math.floor(done * 100))}%`}`;
}
