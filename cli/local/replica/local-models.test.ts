import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseWorkload } from '../manifests/workload.ts';
import { localModels } from './local-models.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'local-models-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function models(volume: string, mountPath = '/app/models'): string | undefined {
  const workload = parseWorkload(
    `
kind: Deployment
metadata: { name: web }
spec:
  template:
    spec:
      containers: [{ name: web, volumeMounts: [{ name: models, mountPath: ${mountPath} }] }]
      volumes: [{ name: models, ${volume} }]
---
kind: ConfigMap
metadata: { name: web-models-1 }
binaryData: { iris__model.onnx: aHVzaA== }
`,
    'test.yaml',
  );
  return localModels(workload.deployments[0]!, workload, root);
}

test('models of a ConfigMap are written to a folder', () => {
  const folder = models('configMap: { name: web-models-1, items: [{ key: iris__model.onnx, path: iris/model.onnx }] }');
  expect(folder).toBe(join(root, '.rhizome/local/models/web-models-1'));
  expect(readFileSync(join(folder!, 'iris/model.onnx'), 'utf8')).toBe('hush');
});

test.each(['persistentVolumeClaim: { claimName: a }', 'image: { reference: a }', 'emptyDir: {}'])(
  'models of another volume are refused, since those of the project may be others: %s',
  (volume) => {
    expect(() => models(volume)).toThrow('The models of web are in a volume, which the local runtime does not mount.');
  },
);

test('another volume changes nothing', () => {
  expect(models('emptyDir: {}', '/etc/own')).toBeUndefined();
});
