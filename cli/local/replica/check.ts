import { execFile } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { executable, type Program } from './container-process.ts';
import type { Health } from '../../../service/contract/index.ts';
import type { Probe } from '../../kubernetes.ts';

const longestBody = 10_000;

/** What a probe looks at. */
export interface Probed {
  /** The port of this machine that stands for a container's port, by number or name. */
  localPort(port: number | string): number;
  /** Where and with which environment a probe's command runs. */
  readonly surroundings: Omit<Program, 'argv'>;
}

/** Why a check failed. */
export interface ProbeFailure {
  /** Worded as the kubelet words it. */
  readonly message: string;
  /** The connection was refused: nothing listens yet. */
  readonly refused?: true;
  /** The service reports that waiting will not help, for example because a model cannot be loaded. */
  readonly final?: true;
}

/** Undefined if the check passed. */
export type CheckResult = ProbeFailure | undefined;

/** Runs one probe once. Resolves within its time-out; never rejects. */
export async function check(probe: Probe, probed: Probed): Promise<CheckResult> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  if (probe.httpGet) return checkHttp(probe.httpGet, probed.localPort(probe.httpGet.port), timeoutMs);
  if (probe.exec) return checkCommand(probe.exec.command ?? [], probed, timeoutMs);
  // A gRPC probe too: that the port is open is what can be seen without a gRPC client.
  const port = probe.tcpSocket?.port ?? probe.grpc?.port;
  return port === undefined ? undefined : checkTcp(probed.localPort(port), timeoutMs);
}

/** Over a connection of its own, as the kubelet does: one that is kept would not notice that the listener is gone. */
async function checkHttp(get: NonNullable<Probe['httpGet']>, port: number, timeoutMs: number): Promise<CheckResult> {
  const headers = {
    'user-agent': 'kube-probe/1.36',
    accept: '*/*',
    connection: 'close',
    ...Object.fromEntries((get.httpHeaders ?? []).map(({ name, value }) => [name, value])),
  };
  const request = get.scheme === 'HTTPS' ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const call = request(
      { host: '127.0.0.1', port, path: get.path ?? '/', headers, agent: false, rejectUnauthorized: false },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          if (body.length < longestBody) body += text;
        });
        response.on('error', () => undefined);
        response.on('close', () => {
          clearTimeout(timer);
          const status = response.statusCode ?? 0;
          resolve(status >= 200 && status < 400 ? undefined : healthFailure(status, body));
        });
      },
    );
    const timer = setTimeout(() => {
      resolve({ message: `no answer within ${timeoutMs / 1000} s (Client.Timeout exceeded)` });
      call.destroy();
    }, timeoutMs);
    call.on('error', (error) => {
      clearTimeout(timer);
      resolve(connectionFailure(error));
    });
    call.end();
  });
}

/** Of a health report (`{"checks": [{"name", "ok", "detail", "final"}]}`) what is not well, of any other body the beginning. */
function healthFailure(status: number, body: string): ProbeFailure {
  const because = (reason: string): string => `HTTP probe failed with statuscode: ${status} ${reason}`.trimEnd();
  try {
    const { checks } = JSON.parse(body) as Required<Health>;
    const bad = checks.filter(({ ok }) => !ok);
    const message = because(bad.map(({ name, detail }) => `${name}: ${detail}`).join(' '));
    return bad.some(({ final }) => final) ? { message, final: true } : { message };
  } catch {
    return { message: because(body.slice(0, 200)) };
  }
}

const connectionFailure = ({ message, code }: NodeJS.ErrnoException): ProbeFailure =>
  code === 'ECONNREFUSED' ? { message, refused: true } : { message };

async function checkTcp(port: number, timeoutMs: number): Promise<CheckResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: timeoutMs });
    const end = (result: CheckResult): void => {
      resolve(result);
      socket.destroy();
    };
    socket.on('connect', () => {
      end(undefined);
    });
    socket.on('timeout', () => {
      end({ message: `no connection within ${timeoutMs / 1000} s` });
    });
    socket.on('error', (error) => {
      end(connectionFailure(error));
    });
  });
}

async function checkCommand(
  [file = '', ...args]: readonly string[],
  { surroundings }: Probed,
  timeoutMs: number,
): Promise<CheckResult> {
  return new Promise((resolve) => {
    execFile(
      executable(file),
      args,
      { ...surroundings, timeout: timeoutMs, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        if (error === null) resolve(undefined);
        else
          resolve({
            message:
              error.killed === true
                ? `command "${file}" timed out after ${timeoutMs / 1000} s`
                : (stdout + stderr).slice(0, 200).trim() || error.message,
          });
      },
    );
  });
}
