import { execFile } from 'node:child_process';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { executable, type Program } from './container-process.ts';
import type { Health } from '../../../service/contract/index.ts';
import type { Probe } from '../../kubernetes.ts';

const maxBodyLength = 10_000;

/** What a probe checks. */
export interface ProbeTarget {
  /** Returns this machine's port for a container's port, by number or name. */
  localPort(port: number | string): number;
  /** The folder and environment in which a probe's command runs. */
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

/** Runs a probe once. Resolves within its timeout. Never rejects. */
export async function check(probe: Probe, probed: ProbeTarget): Promise<CheckResult> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  if (probe.httpGet) return checkHttp(probe.httpGet, probed.localPort(probe.httpGet.port), timeoutMs);
  if (probe.exec) return checkCommand(probe.exec.command ?? [], probed, timeoutMs);
  // A gRPC probe too only connects: there is no gRPC client here.
  const port = probe.tcpSocket?.port ?? probe.grpc?.port;
  return port === undefined ? undefined : checkTcp(probed.localPort(port), timeoutMs);
}

/** Uses a new connection each time, like the kubelet: a reused one wouldn't notice that nothing listens any more. */
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
          if (body.length < maxBodyLength) body += text;
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
      resolve({ message: `no response within ${timeoutMs / 1000} s (Client.Timeout exceeded)` });
      call.destroy();
    }, timeoutMs);
    call.on('error', (error) => {
      clearTimeout(timer);
      resolve(connectionFailure(error));
    });
    call.end();
  });
}

/** Returns a health report's failed checks (`{"checks": [{"name", "ok", "detail", "final"}]}`), or the body's start. */
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
  { surroundings }: ProbeTarget,
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
