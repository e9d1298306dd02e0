import { fieldsOf } from './fields.ts';
import { formatFields } from './format-fields.ts';

test('a path longer than the line is broken after a dot, and stays with a short value', () => {
  const policies = [{ periodSeconds: 60, expression: 'an expression that is longer than what is left of the line' }];
  const spec = { advanced: { horizontalPodAutoscalerConfig: { behavior: { scaleDown: { policies } } } } };
  const fields = fieldsOf({ apiVersion: 'v1', kind: 'Own', metadata: { name: 'own' }, spec }, []).filter(
    ({ place }) => place[0] === 'spec',
  );
  expect(formatFields(fields, (_, text) => text).split('\n')).toEqual([
    'Own/own',
    'spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.policies[0].',
    '  periodSeconds: 60',
    'spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.policies[0].',
    '  expression: an expression that is longer than what is left of the line',
    // A command is never broken.
    expect.stringContaining('kubectl explain own.spec.advanced.horizontalPodAutoscalerConfig.behavior.'),
  ]);
});
