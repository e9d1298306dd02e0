import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, describeVariables, readConfig } from './config.ts';
import { cpuLimit } from './cpu-limit.ts';
import { inferenceMemory } from './memory-limit.ts';
import { variables } from '../contract/index.ts';

const base = { MODELS_DIR: import.meta.dirname };

test("the defaults are the contract's", () => {
  expect(readConfig(base)).toEqual({
    port: 8000,
    managementPort: undefined,
    publicProbes: true,
    publicDocs: true,
    playground: true,
    replica: undefined,
    host: '0.0.0.0',
    modelsDir: import.meta.dirname,
    defaultModel: undefined,
    logLevel: 'info',
    logSync: false,
    drainDelaySeconds: 5,
    gracePeriodSeconds: 30,
    requestTimeoutSeconds: 15,
    maxConnections: 2048,
    maxBodyBytes: undefined,
    maxInFlightBytes: 67108864,
    maxResponseBytes: undefined,
    strictRanges: false,
    driftSample: 0,
    shadow: undefined,
    inferenceThreads: cpuLimit(),
    inferenceMemoryBytes: inferenceMemory(),
    executionProvider: 'cpu',
    placement: 'auto',
    maxBatch: undefined,
    maxBatchDelayMs: 0,
    maxQueueRows: undefined,
    maxQueueBytes: undefined,
    apiKey: undefined,
    apiKeyFile: '/var/run/secrets/rhizome/api-key',
    apiKeyFileRequired: false,
    tokens: undefined,
  });
});

test('every variable is read', () => {
  const config = readConfig({
    PORT: '0',
    GRPC_PORT: '8001',
    MANAGEMENT_PORT: '8002',
    PUBLIC_PROBES: 'true',
    PUBLIC_DOCS: 'false',
    PLAYGROUND: 'true',
    HOSTNAME: 'iris-server-5f7d9-x2k4q',
    HOST: '::1',
    MODELS_DIR: import.meta.dirname,
    DEFAULT_MODEL: 'iris',
    LOG_LEVEL: 'silent',
    LOG_SYNC: 'true',
    DRAIN_DELAY_SECONDS: '0.5',
    GRACE_PERIOD_SECONDS: '60',
    REQUEST_TIMEOUT_SECONDS: '20',
    MAX_CONNECTIONS: '100',
    MAX_BODY_BYTES: '10',
    MAX_IN_FLIGHT_BYTES: '20',
    MAX_RESPONSE_BYTES: '5000000',
    STRICT_RANGES: 'true',
    DRIFT_SAMPLE: '0.25',
    SHADOW_URL: 'http://iris-server-shadow/',
    SHADOW_SAMPLE: '0.5',
    SHADOW_TOLERANCE: '0.01',
    INFERENCE_THREADS: '4',
    INFERENCE_MEMORY_BYTES: '100000000',
    EXECUTION_PROVIDER: 'cuda',
    PLACEMENT: 'process',
    MAX_BATCH: '32',
    MAX_BATCH_DELAY_MS: '2.5',
    MAX_QUEUE_ROWS: '100',
    MAX_QUEUE_BYTES: '1000000',
    API_KEY: 'secret',
    API_KEY_FILE: '/nowhere',
  });
  expect(config).toEqual({
    port: 0,
    grpcPort: 8001,
    managementPort: 8002,
    publicProbes: true,
    publicDocs: false,
    playground: true,
    replica: 'iris-server-5f7d9-x2k4q',
    host: '::1',
    modelsDir: import.meta.dirname,
    defaultModel: 'iris',
    logLevel: 'silent',
    logSync: true,
    drainDelaySeconds: 0.5,
    gracePeriodSeconds: 60,
    requestTimeoutSeconds: 20,
    maxConnections: 100,
    maxBodyBytes: 10,
    maxInFlightBytes: 20,
    maxResponseBytes: 5_000_000,
    strictRanges: true,
    driftSample: 0.25,
    shadow: { url: 'http://iris-server-shadow', sample: 0.5, tolerance: 0.01 },
    inferenceThreads: 4,
    inferenceMemoryBytes: 100_000_000,
    executionProvider: 'cuda',
    placement: 'process',
    maxBatch: 32,
    maxBatchDelayMs: 2.5,
    maxQueueRows: 100,
    maxQueueBytes: 1_000_000,
    apiKey: 'secret',
    apiKeyFile: '/nowhere',
    apiKeyFileRequired: false,
    tokens: undefined,
  });
});

test.each([
  [{}, true],
  [{ MANAGEMENT_PORT: '8002' }, false],
  [{ MANAGEMENT_PORT: '8002', PUBLIC_PROBES: 'true' }, true],
  [{ PUBLIC_PROBES: 'false' }, false],
])('with %j, whether the public port serves probes is %j', (environment, publicProbes) => {
  expect(readConfig({ ...base, ...environment })).toMatchObject({ publicProbes });
});

test('an empty value counts as unset', () => {
  expect(readConfig({ ...base, PORT: '', API_KEY_FILE: '' })).toMatchObject({ port: 8000, apiKeyFileRequired: false });
});

test.each(['', ' ', '\n'])('a blank API key (%j) is a problem: the service would run without a key', (key) => {
  expect(() => readConfig({ ...base, API_KEY: key })).toThrow('API_KEY is blank: expected a key');
});

test('every problem is in one message, with name, value and what was expected', () => {
  const read = () =>
    readConfig({
      PORT: '80a',
      MODELS_DIR: '/nowhere',
      LOG_LEVEL: 'loud',
      LOG_SYNC: '1',
      STRICT_RANGES: 'yes',
      MANAGEMENT_PORT: '65536',
      PUBLIC_PROBES: 'no',
      MAX_BODY_BYTES: '-1',
      MAX_RESPONSE_BYTES: '16MB',
      DRIFT_SAMPLE: '1.5',
      SHADOW_URL: 'iris-server-shadow',
      SHADOW_SAMPLE: '2',
      SHADOW_TOLERANCE: '-1',
      INFERENCE_THREADS: '0',
      EXECUTION_PROVIDER: 'gpu',
      PLACEMENT: 'thread',
      MAX_BATCH: '0',
      MAX_QUEUE_ROWS: 'many',
      GRACE_PERIOD_SECONDS: '20',
      DRAIN_DELAY_SECONDS: '5',
      REQUEST_TIMEOUT_SECONDS: '15',
    });
  expect(read).toThrow(ConfigError);
  for (const part of [
    'PORT is "80a": expected a whole number from 0 to 65535',
    'MODELS_DIR is "/nowhere": expected a readable folder',
    'LOG_LEVEL is "loud": expected one of fatal, error, warn',
    'LOG_SYNC is "1": expected true or false',
    'STRICT_RANGES is "yes": expected true or false',
    'MANAGEMENT_PORT is "65536": expected a whole number from 0 to 65535',
    'PUBLIC_PROBES is "no": expected true or false',
    'MAX_BODY_BYTES is "-1"',
    'MAX_RESPONSE_BYTES is "16MB": expected a whole number from 1 to 2147483647 (bytes)',
    'DRIFT_SAMPLE is "1.5": expected a number from 0 to 1 (share of rows)',
    'INFERENCE_THREADS is "0"',
    'EXECUTION_PROVIDER is "gpu": expected cpu or cuda',
    'PLACEMENT is "thread": expected one of auto, event-loop, process',
    'MAX_BATCH is "0": expected a whole number from 1 to 65536 (rows)',
    'MAX_QUEUE_ROWS is "many"',
    'GRACE_PERIOD_SECONDS is 20: expected at least 25',
  ])
    expect(read).toThrow(part);
});

test('a configured but missing key file is a problem, because the service would run without a key', () => {
  expect(() => readConfig({ ...base, API_KEY_FILE: '/nowhere' })).toThrow('API_KEY_FILE is "/nowhere"');
});

test('a configured key file must contain a key', () => {
  const dir = mkdtempSync(join(tmpdir(), 'rhizome-config-'));
  const file = join(dir, 'api-key');
  writeFileSync(file, ' \n');
  expect(() => readConfig({ ...base, API_KEY_FILE: file })).toThrow(
    /API_KEY_FILE is .*: expected a file that contains/,
  );
  writeFileSync(file, 'secret\n');
  expect(readConfig({ ...base, API_KEY_FILE: file })).toMatchObject({ apiKeyFile: file, apiKeyFileRequired: true });
  rmSync(dir, { recursive: true });
});

test('--help lists every variable', () => {
  for (const name of Object.keys(variables)) expect(describeVariables()).toContain(`  ${name} `);
  expect(describeVariables()).toMatch(/DRAIN_DELAY_SECONDS .*default: 5, in seconds/);
});
