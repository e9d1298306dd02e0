/** The service itself, in its own process, with models of the test's choice. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '..');

export interface RunningService {
  readonly url: string;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>;
}

/** @param models by their place in the models' folder (`iris`, `price/2`), files or folders of the repository */
export async function startService(models: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>> = {}): Promise<RunningService> {
  const folder = mkdtempSync(join(tmpdir(), 'rhizome-client-'));
  for (const [place, from] of Object.entries(models)) {
    const to = join(folder, place, from.endsWith('.onnx') ? 'model.onnx' : '');
    mkdirSync(dirname(to), { recursive: true });
    cpSync(join(root, from), to, { recursive: true });
  }
  const child = spawn(process.execPath, [join(root, 'service/main.ts')], {
    env: { PATH: process.env['PATH'], MODELS_DIR: folder, HOST: '127.0.0.1', PORT: '0', DRAIN_DELAY_SECONDS: '0', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  // A test run that is cut short leaves no process behind.
  const kill = (): void => { child.kill('SIGKILL'); };
  process.once('exit', kill);
  const stop = async (): Promise<void> => {
    process.off('exit', kill);
    child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true });
  };
  try {
    return { url: await started(createInterface(child.stdout)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The URL, once the log says that all models are ready. */
async function started(lines: AsyncIterable<string> & { close(): void }): Promise<string> {
  const timer = setTimeout(() => { lines.close(); }, 30_000);
  const seen: string[] = [];
  let url = '';
  for await (const line of lines) {
    seen.push(line);
    const entry = JSON.parse(line) as { readonly msg: string; readonly url?: string };
    if (entry.msg === 'listening') url = entry.url ?? '';
    if (entry.msg === 'not ready') break;
    if (entry.msg !== 'ready') continue;
    clearTimeout(timer);
    return url;
  }
  clearTimeout(timer);
  throw new Error(`The service did not get ready:\n${seen.join('\n')}`);
}
