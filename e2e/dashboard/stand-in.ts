import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServiceProcess } from '../../service/fixtures/process.ts';

/** A process that plays a pod. */
export interface Pod {
  readonly name: string;
  readonly process: ServiceProcess;
}

/**
 * Exports what kube-state-metrics and the kubelet would about processes of this machine: there is no cluster here.
 *
 * @returns its address, and a function that stops it
 */
export async function standIn(
  pods: readonly Pod[],
  memoryLimit: number,
): Promise<{ readonly host: string; readonly stop: () => void }> {
  const namespace = 'namespace="iris-server"';
  const deployment = `{${namespace},deployment="iris-server"}`;
  // As kube-state-metrics, it knows what the last probes said, and waits for none.
  let ready = pods.length;
  const probes = setInterval(() => {
    void Promise.all(pods.map(({ process }) => isReady(process))).then((states) => {
      ready = states.filter(Boolean).length;
    });
  }, 5000);
  const server = createServer((_, response) => {
    const lines = pods.flatMap(({ name, process }) => {
      const container = `${namespace},pod="${name}",container="iris-server"`;
      return [
        `container_memory_working_set_bytes{${container}} ${memoryOf(process.pid)}`,
        `kube_pod_container_resource_limits{${container},resource="memory",unit="byte"} ${memoryLimit}`,
        `kube_pod_container_status_restarts_total{${container}} 0`,
      ];
    });
    response.end(
      [
        `kube_deployment_spec_replicas${deployment} ${pods.length}`,
        `kube_deployment_status_replicas_available${deployment} ${ready}`,
        ...lines,
        '',
      ].join('\n'),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      clearInterval(probes);
      server.close();
    },
  };
}

const isReady = (process: ServiceProcess): Promise<boolean> =>
  fetch(`${process.managementUrl}/readyz`, { signal: AbortSignal.timeout(3000) }).then(
    ({ ok }) => ok,
    () => false,
  );

/** Returns the memory of a process and its inference processes, in bytes. */
function memoryOf(pid: number): number {
  const children = readdirSync('/proc').filter(
    (entry) => /^\d+$/.test(entry) && field(entry, 'stat', / \S (\d+) /) === pid,
  );
  return [String(pid), ...children].reduce((sum, each) => sum + 1024 * field(each, 'status', /^VmRSS:\s+(\d+)/m), 0);
}

/** Reads a number from a file of a process, which may have ended. */
function field(pid: string, file: string, pattern: RegExp): number {
  try {
    return Number(pattern.exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
