import { join } from 'node:path';
import { containerEnvironment, expand, localPath } from './environment.ts';
import type { Container } from '../../kubernetes.ts';
import { parseWorkload } from '../manifests/workload.ts';
import { containerProgram } from './container-program.ts';

const manifests = parseWorkload(
  `
kind: Deployment
metadata: { name: web }
---
kind: ConfigMap
metadata: { name: settings }
data: { LOG_LEVEL: debug, MODELS_DIR: /app/models/small, DRAIN_DELAY_SECONDS: "5", PORT: "8000" }
---
kind: Secret
metadata: { name: keys }
data: { token: aHVzaA== }
stringData: { plain: text }
`,
  'test.yaml',
);
const pod = { name: 'web-x2k9q', namespace: 'web' };
const environment = (container: Partial<Container>) =>
  containerEnvironment({ name: 'web', ...container }, manifests, pod, '/home/me/project');

test('values come from ConfigMaps and Secrets; env overrides envFrom and can refer to earlier values', () => {
  expect(
    environment({
      envFrom: [
        { configMapRef: { name: 'settings' } },
        { prefix: 'KEY_', secretRef: { name: 'keys' } },
        { configMapRef: { name: 'missing', optional: true } },
      ],
      env: [
        { name: 'LOG_LEVEL', value: 'info' },
        { name: 'GREETING', value: '$(LOG_LEVEL), $(UNKNOWN), $$(LOG_LEVEL)' },
        { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'keys', key: 'token' } } },
        { name: 'ABSENT', valueFrom: { secretKeyRef: { name: 'none', key: 'token', optional: true } } },
        { name: 'LEVEL', valueFrom: { configMapKeyRef: { name: 'settings', key: 'LOG_LEVEL' } } },
      ],
    }),
  ).toMatchObject({
    LOG_LEVEL: 'info',
    KEY_token: 'hush',
    KEY_plain: 'text',
    GREETING: 'info, $(UNKNOWN), $(LOG_LEVEL)',
    TOKEN: 'hush',
    LEVEL: 'debug',
  });
});

test("the downward API returns limits rounded up, requests by divisor, and the pod's name", () => {
  const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  const resource = (name: string, path: string, divisor?: string) => ({
    name,
    valueFrom: { resourceFieldRef: { resource: path, ...(divisor === undefined ? {} : { divisor }) } },
  });
  expect(
    environment({
      resources: { limits: { cpu: '1500m', memory: '512Mi' }, requests: { cpu: '250m' } },
      env: [
        resource('CPUS', 'limits.cpu'),
        resource('MILLI', 'requests.cpu', '1m'),
        resource('MEGA', 'limits.memory', '1Mi'),
        resource('ASKED', 'requests.memory'),
        field('POD', 'metadata.name'),
        field('NAMESPACE', 'metadata.namespace'),
        field('IP', 'status.podIP'),
      ],
    }),
  ).toMatchObject({
    CPUS: '2',
    MILLI: '250',
    MEGA: '512',
    ASKED: '536870912',
    POD: 'web-x2k9q',
    NAMESPACE: 'web',
    IP: '127.0.0.1',
  });
  expect(Number(environment({ env: [resource('CPUS', 'limits.cpu')] }).CPUS)).toBeGreaterThan(0);
});

test("maps paths of the image to the project, and keeps out the host's other variables", () => {
  process.env.SECRET_OF_THE_HOST = 'x';
  const env = environment({ envFrom: [{ configMapRef: { name: 'settings' } }] });
  delete process.env.SECRET_OF_THE_HOST;
  expect(env).toMatchObject({
    MODELS_DIR: '/home/me/project/models/small',
    HOST: '127.0.0.1',
    HOSTNAME: 'web-x2k9q',
    DRAIN_DELAY_SECONDS: '0',
    PATH: process.env.PATH,
  });
  expect(env).not.toHaveProperty('SECRET_OF_THE_HOST');
  expect(environment({}).MODELS_DIR).toBe('/home/me/project/models');
  expect(localPath('/application', '/home/me')).toBe('/application');
});

test.each<[string, Partial<Container>, string]>([
  [
    'a ConfigMap',
    { envFrom: [{ configMapRef: { name: 'none' } }] },
    'refers to the ConfigMap none, which is not in the manifests',
  ],
  [
    'a key',
    { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'keys', key: 'none' } } }] },
    'The Secret keys has no key none',
  ],
  [
    'a field',
    { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.uid' } } }] },
    'does not support the fieldRef metadata.uid; it supports metadata.name',
  ],
])('the error for a missing %s names it', (_, container, message) => {
  expect(() => environment(container)).toThrow(message);
});

test('an unquoted boolean is an error, as for the API server, by the rules of YAML 1.1', () => {
  const { configMaps } = parseWorkload(
    'kind: Deployment\n---\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { STRICT: n }\n',
    'test.yaml',
  );
  expect(() =>
    containerEnvironment(
      { name: 'web', envFrom: [{ configMapRef: { name: 'settings' } }] },
      { ...manifests, configMaps },
      pod,
      '/',
    ),
  ).toThrow('The environment variable STRICT is the boolean false; Kubernetes requires a string.');
});

test("a container runs its command and args, or the image's default command, on its own ports", () => {
  const ports = new Map([
    [8000, 40001],
    [9000, 40002],
  ]);
  const program = (container: Partial<Container>, env = {}) =>
    containerProgram({ name: 'web', ...container }, '/home/me', env, 8000, ports);
  expect(program({})).toEqual({
    argv: ['node', join(import.meta.dirname, '../../../service/main.ts')],
    cwd: '/home/me',
    env: { PORT: '40001' },
  });
  expect(
    program(
      { command: ['sh', '/app/run'], args: ['$(NAME)', '$(PORT)'], workingDir: '/app/sub' },
      { NAME: 'iris', PORT: '8000', GRPC_PORT: '9000', OTHER_PORT: '1' },
    ),
  ).toEqual({
    argv: ['sh', '/home/me/run', 'iris', '40001'],
    cwd: '/home/me/sub',
    env: { NAME: 'iris', PORT: '40001', GRPC_PORT: '40002', OTHER_PORT: '1' },
  });
  expect(expand('$(A) $$ $(', { A: 'a' })).toBe('a $ $(');
});
