/** API keys and tokens are replaced under load: no request fails. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { Yaml } from 'cdk8s';
import { startLoad, type Load } from '../../cli/load/load.ts';
import { SigningKey } from '../../service/authentication/fixtures/issuer.ts';
import { addRow } from '../impact-table.ts';
import { until } from '../../service/fixtures/until.ts';
import { listPodNames, listReplicas } from './replicas.ts';
import { clusterTest, context, kubectl, name, skipReason, useTestbed } from './testbed.ts';

const testbed = useTestbed();
if (skipReason === undefined) {
  afterAll(async () => {
    // The next file expects pods that need no key.
    await kubectl('delete', 'namespace', name, '--timeout=100s');
  });
}

const apply = (...objects: readonly object[]): Promise<unknown> =>
  execa('kubectl', ['--context', context, '-n', name, 'apply', '--server-side', '--force-conflicts', '-f', '-'], {
    input: Yaml.stringify(...objects),
    timeout: 60_000,
  });

/** Sets the valid API keys. */
const setKeys = (...keys: readonly string[]): Promise<unknown> =>
  apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${name}-api-key` },
    stringData: { 'api-key': keys.join('\n') },
  });

const authorization = (key: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${key}` });

/** Sends requests with a key or a token, and checks their responses. */
async function load(key: string): Promise<Load> {
  const url = `${await testbed().url()}/predictions`;
  const { requests } = testbed();
  return startLoad({ url, requests, rate: 50, connections: 'both', headers: authorization(key) });
}

/** Stops loads under which something was replaced, and expects that none of their requests failed. */
async function expectNoFailures(what: string, loads: readonly Load[]): Promise<void> {
  const reports = await Promise.all(loads.map((each) => each.stop()));
  const sum = (count: (report: (typeof reports)[number]) => number): number =>
    reports.reduce((total, report) => total + count(report), 0);
  addRow({
    disruption: what,
    sent: sum(({ sent }) => sent),
    failed: sum(({ failures }) => failures.length),
    failedTwice: sum(({ lost }) => lost.length),
    longestGapMs: Math.max(...reports.map(({ longestGapMs }) => longestGapMs)),
  });
  expect(reports.flatMap(({ failures }) => failures)).toEqual([]);
}

/** Returns the status of a request to one pod, from the pod itself. */
const statusInPod = async (pod: string, key: string): Promise<number> =>
  Number(
    await kubectl(
      ...['exec', pod, '--', 'node', '--eval'],
      `const headers = { authorization: 'Bearer ${key}' };
      fetch('http://127.0.0.1:8000/models', { headers }).then(({ status }) => console.log(status))`,
    ),
  );

/** Waits until every pod responds to a key with a status. @returns the seconds until then */
async function secondsUntilEverywhere(key: string, status: number): Promise<number> {
  const [since, limit] = [performance.now(), 150];
  const seconds = (): number => (performance.now() - since) / 1000;
  for (const { pod } of await listReplicas()) {
    while ((await statusInPod(pod, key)) !== status) {
      if (seconds() > limit) throw new Error(`${pod} has not responded with ${status} within ${limit} s.`);
      await sleep(200);
    }
  }
  return seconds();
}

clusterTest('an API key is replaced while clients use the old and the new one: no request fails', async () => {
  await setKeys('old-key');
  await kubectl('rollout', 'restart', 'deployment', name);
  await kubectl('rollout', 'status', 'deployment', name, '--timeout=100s');
  // Pods that started without the Secret accept everyone until they have gone.
  await until(async () => (await listPodNames()).length === 2, 'the old pods are gone', 60);
  const url = `${await testbed().url()}/models`;
  expect((await fetch(url)).status).toBe(401);
  const loads: Load[] = [];
  try {
    loads.push(await load('old-key'));
    await setKeys('old-key', 'new-key');
    const both = await secondsUntilEverywhere('new-key', 200);
    loads.push(await load('new-key'));
    await sleep(2000);
    await loads[0]?.stop();
    await setKeys('new-key');
    // Kubelets read the Secrets of a pod again when the pod changes.
    await kubectl('annotate', 'pods', '--all', '--overwrite', `rotated=${Date.now()}`);
    const alone = await secondsUntilEverywhere('old-key', 401);
    console.log(
      `the new API key worked everywhere after ${both.toFixed(1)} s; the old one nowhere ${alone.toFixed(1)} s after ` +
        'it was removed and the pods were annotated',
    );
    expect((await fetch(url, { headers: authorization('new-key') })).status).toBe(200);
  } finally {
    await expectNoFailures('API key replaced', loads);
  }
});

const labels = { app: 'keys' };
const issuer = 'https://issuer.example.com';

/** Returns a key server of the application's image. */
const keyServer = (image: string, script: string): readonly object[] => [
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'keys' }, data: { 'server.mjs': script } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'keys' },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'keys', labels },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          ...{ name: 'keys', image, imagePullPolicy: 'IfNotPresent', command: ['node', '/keys/server.mjs'] },
          readinessProbe: { httpGet: { port: 8080, path: '/jwks' }, periodSeconds: 1 },
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          volumeMounts: [{ name: 'keys', mountPath: '/keys' }],
        },
      ],
      volumes: [{ name: 'keys', configMap: { name: 'keys' } }],
    },
  },
];

const serveKeys = (...keys: readonly SigningKey[]): Promise<string> =>
  kubectl(
    ...['exec', 'keys', '--', 'node', '--eval'],
    `fetch('http://127.0.0.1:8080/',{method:'PUT',body:'${JSON.stringify({ keys: keys.map(({ jwk }) => jwk) })}'})`,
  );

clusterTest('the key that signs tokens is replaced: no request with a valid token fails', async () => {
  const [old, added, other] = [new SigningKey('old'), new SigningKey('new', 'RS256'), new SigningKey('old')];
  const claims = { iss: issuer, aud: 'iris', scope: 'predict:iris' };
  const before = await listReplicas();
  const { image = '' } = before[0] ?? {};
  await apply(...keyServer(image, await readFile(join(import.meta.dirname, 'fixtures/key-server.mjs'), 'utf8')));
  await kubectl('wait', 'pod/keys', '--for=condition=Ready', '--timeout=60s');
  await serveKeys(old);
  // The Service maps port 80 to 8080, which is what the NetworkPolicy sees.
  const jwt = {
    issuer,
    audience: 'iris',
    jwksUrl: `http://keys.${name}.svc/jwks`,
    jwksPodPort: 8080,
    insecureJwks: true,
  };
  const authentication = `unauthenticated: undefined, jwt: ${JSON.stringify(jwt)}`;
  await testbed().edit('infra/environments.ts', '...localProfile,', `...localProfile, ${authentication},`);
  process.env['API_KEY'] = old.token(claims);
  await testbed()
    .up()
    .finally(() => delete process.env['API_KEY']);

  const gone = async (): Promise<boolean> => {
    const pods = await listPodNames();
    return !before.some(({ pod }) => pods.includes(`pod/${pod}`));
  };
  await until(gone, 'the pods that require no token are gone', 60);

  const status = async (token: string): Promise<unknown> => {
    const { body } = testbed().requests[0]!;
    const response = await fetch(`${await testbed().url()}/predictions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...authorization(token) },
      body: String(body),
    });
    return [response.status, response.headers.get('www-authenticate')];
  };
  expect(await status(old.token(claims))).toEqual([200, null]);
  expect(await status(other.token(claims))).toEqual([401, 'Bearer error="invalid_token"']);
  expect(await status(old.token({ ...claims, aud: 'others' }))).toEqual([401, 'Bearer error="invalid_token"']);
  expect(await status(old.token({ ...claims, scope: 'predict:wine' }))).toEqual([
    403,
    'Bearer error="insufficient_scope", scope="predict:iris"',
  ]);

  const loads: Load[] = [];
  try {
    loads.push(await load(old.token(claims)));
    await sleep(1000);
    await serveKeys(old, added);
    loads.push(await load(added.token(claims)));
    await sleep(3000);
    await kubectl('delete', 'pod', 'keys');
    loads.push(await load(added.token({ ...claims, sub: 'another client' })));
    await sleep(3000);
  } finally {
    await expectNoFailures('signing key of tokens replaced, then the key server deleted', loads);
  }
});
