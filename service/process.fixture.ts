import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface ServiceProcess {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** What the process has written to standard error, which is for what no log line can tell. */
  readonly errors: () => string;
  /** True until the process ends. */
  readonly alive: () => boolean;
  /** SIGTERM; resolves with the exit code. */
  readonly stop: () => Promise<number | null>;
}

/** The service as it runs in the container, from the command line; resolves when it is ready. */
export async function startService(models: string, environment: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { PATH: process.env['PATH'], MODELS_DIR: models, HOST: '127.0.0.1', PORT: '0', DRAIN_DELAY_SECONDS: '0', ...environment },
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    const failed = (why: string): void => {
      child.kill('SIGKILL');
      reject(new Error(`the service ${why}: ${errors}`));
    };
    const timer = setTimeout(failed, 60_000, 'was not ready in 60 s');
    void exited.then((code) => { failed(`ended with ${String(code)}`); });
    let listening = '';
    const lines = createInterface(child.stdout).on('line', (line) => {
      const { msg, url } = JSON.parse(line) as { msg: string; url?: string };
      if (msg === 'listening') listening = url ?? '';
      if (msg !== 'ready') return;
      clearTimeout(timer);
      lines.close();
      // What nobody reads would fill the pipe, and hold the service.
      child.stdout.resume();
      resolve(listening);
    });
  });
  return {
    url, port: Number(new URL(url).port), pid: child.pid ?? 0,
    errors: () => errors,
    alive: () => child.exitCode === null && child.signalCode === null,
    stop: () => {
      child.kill('SIGTERM');
      return exited;
    },
  };
}
