import type { CommandContext } from './options.ts';
import type { UpOptions } from './up.ts';

export function upOnThisMachine(_context: CommandContext, _options: UpOptions): Promise<void> {
  return Promise.resolve();
}
