import { JsonPatch } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { PredictionService } from '../constructs/prediction-service.ts';
import { at, minimalProps, only, synthesized } from '../fixtures/manifests.ts';

const container = 'spec.template.spec.containers.0';
const limit = '/spec/template/spec/containers/0/resources/limits/nvidia.com~1gpu';
const service = (patch: (own: PredictionService) => void) =>
  synthesized((chart) => {
    patch(new PredictionService(chart, 'service', minimalProps));
  });

test.each([
  ['a number', 1, 1],
  ['a string', '1', '1'],
  ['a quantity of cdk8s-plus', k8s.Quantity.fromString('1'), '1'],
])('a GPU limit that a patch adds as %s is in the manifest', (_, value, written) => {
  const manifests = service((own) => {
    own.deployment.addJsonPatch(JsonPatch.add(limit, value));
  });
  expect(at(only(manifests, 'Deployment'), `${container}.resources.limits`)).toEqual({
    cpu: '1',
    memory: '512Mi',
    'ephemeral-storage': '256Mi',
    'nvidia.com/gpu': written,
  });
});

test('a patch reaches fields that cdk8s-plus-27 lacks, and a probe with a number for its port', () => {
  const probe = { httpGet: { path: '/livez', port: 8000 } };
  const manifests = service((own) => {
    own.deployment.addJsonPatch(
      JsonPatch.replace('/spec/template/spec/containers/0/livenessProbe', probe),
      JsonPatch.remove('/spec/template/spec/volumes/1'),
    );
    own.service.addJsonPatch(JsonPatch.add('/spec/trafficDistribution', 'PreferClose'));
    own.networkPolicy.addJsonPatch(
      JsonPatch.add('/spec/ingress/0/ports/-', { port: k8s.IntOrString.fromNumber(9000), protocol: 'TCP' }),
    );
  });
  expect(at(only(manifests, 'Deployment'), `${container}.livenessProbe`)).toEqual(probe);
  expect(at(only(manifests, 'Deployment'), 'spec.template.spec.volumes')).toHaveLength(1);
  expect(at(only(manifests, 'Service'), 'spec.trafficDistribution')).toBe('PreferClose');
  expect(at(only(manifests, 'NetworkPolicy'), 'spec.ingress.0.ports')).toContainEqual({ port: 9000, protocol: 'TCP' });
});

test('an object whose only field is called value is not taken for a quantity', () => {
  const manifests = service((own) => {
    own.networkPolicy.addJsonPatch(JsonPatch.add('/metadata/annotations', { value: 'a' }));
  });
  expect(at(only(manifests, 'NetworkPolicy'), 'metadata.annotations')).toEqual({ value: 'a' });
});

test('a patch of a place that does not exist names the object and the place', () => {
  const wrong = () =>
    service((own) => {
      own.deployment.addJsonPatch(JsonPatch.add('/spec/pod/containers/0/image', 'x'));
    });
  expect(wrong).toThrow('The JSON patch "add /spec/pod/containers/0/image" does not fit the Deployment iris-server');
});
