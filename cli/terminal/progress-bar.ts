const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const width = 24;

/**
 * Formats how far a step is, in one line: a spinner that moves each second and the seconds so far, and a bar if the
 * share is known.
 */
export function progressBar(seconds: number, share?: number): string {
  const spinner = `${frames[seconds % frames.length] ?? ''} ${String(seconds)} s`;
  if (share === undefined) return spinner;
  const done = Math.min(1, Math.max(0, share));
  const filled = Math.round(done * width);
  return `${spinner}  ${'━'.repeat(filled)}${'─'.repeat(width - filled)} ${String(Math.floor(done * 100))}%`;
}
