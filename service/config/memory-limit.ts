import { cgroupLimits, readGroupFile } from './cgroups.ts';

/**
 * Returns how many bytes of memory this process may use with all others of its container; undefined if there is no
 * limit.
 *
 * @param root the root of the file system with /proc and /sys
 */
export function memoryLimit(root = '/'): number | undefined {
  const limits = cgroupLimits(root, 'memory', (folder) => {
    const limit = Number(readGroupFile(folder, 'memory.max') ?? readGroupFile(folder, 'memory.limit_in_bytes'));
    // 'max' in version 2, almost 2^63 in version 1.
    return limit > 0 && limit < UNLIMITED ? limit : undefined;
  });
  return limits.length === 0 ? undefined : Math.min(...limits);
}

const UNLIMITED = 2 ** 60;
/** What the service itself needs, roughly... */
const OWN_BYTES = 128 * 2 ** 20;
/** ...and with the bodies of requests and the models on the event loop. */
const REST_BYTES = 512 * 2 ** 20;

/**
 * Returns how many bytes one inference process may use by default, in a container with a limit: half, or more if enough
 * remains for the service.
 */
export function inferenceMemory(limit = memoryLimit()): number | undefined {
  return limit && Math.floor(Math.max(limit / 2, limit - REST_BYTES));
}

/** Returns the most bytes that a model's files can have without a limit being exceeded just by reading them. */
export function mostModelBytes(limit = memoryLimit()): number | undefined {
  return limit && Math.floor(Math.max(limit / 2, limit - OWN_BYTES));
}
