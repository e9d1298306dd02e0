/** Downloads models into the models folder, then exits: the program of an init container. */
import { EX_CONFIG } from '../config/config.ts';
import { createLogger } from '../logging/logger.ts';
import { install } from './install.ts';
import { readSettings, SettingsError } from './settings.ts';

// Process 1 of a container ignores signals that it has no handler for.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(1));

const logger = createLogger({ logLevel: 'info', logSync: true });
try {
  const models = await install(readSettings(process.env), { logger });
  logger.info({ models }, 'models are ready to be loaded');
} catch (error) {
  const reason = error instanceof Error ? error.message : String(error);
  logger.fatal({ reason }, 'models cannot be downloaded');
  process.exit(error instanceof SettingsError ? EX_CONFIG : 1);
}
