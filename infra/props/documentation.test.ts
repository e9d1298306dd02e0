import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** The files whose props are public: their comments become the API reference. */
const files = [
  'authentication/external-api-key.ts',
  'autoscaling/autoscaling.ts',
  'autoscaling/keda-autoscaling.ts',
  'autoscaling/replica-bounds.ts',
  'autoscaling/scaling-speed.ts',
  'autoscaling/vertical-pod-autoscaler.ts',
  'charts/prediction-chart.ts',
  'constructs/priority-class.ts',
  'constructs/restricted-namespace.ts',
  'constructs/settings-map.ts',
  'models/model-source.ts',
  'observability/alert-rules.ts',
  'observability/dashboard.ts',
  'observability/objectives.ts',
  'observability/pod-monitor.ts',
  'props/jwt-props.ts',
  'props/pod-props.ts',
  'props/prediction-service-props.ts',
  'props/telemetry-props.ts',
  'rollouts/canary-props.ts',
  'rollouts/rollout.ts',
  'rollouts/shadow-props.ts',
  'routes/admission.ts',
  'routes/gateway-props.ts',
  'routes/ingress-route.ts',
  'tenants/allowed-registries.ts',
  'tenants/quota.ts',
  'tenants/tenant-namespace.ts',
];

interface DocumentedProp {
  readonly name: string;
  readonly optional: boolean;
  readonly readonly: boolean;
  readonly comment: string;
}

function propsOf(file: string): readonly DocumentedProp[] {
  const path = join(import.meta.dirname, '..', file);
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  return source.statements.filter(ts.isInterfaceDeclaration).flatMap((declaration) =>
    declaration.members.filter(ts.isPropertySignature).map((member) => ({
      name: `${declaration.name.text}.${member.name.getText()}`,
      optional: member.questionToken !== undefined,
      readonly: member.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ReadonlyKeyword) ?? false,
      comment: ts
        .getJSDocCommentsAndTags(member)
        .map((comment) => comment.getText())
        .join('\n'),
    })),
  );
}

describe.each(files)('%s', (file) => {
  const props = propsOf(file);
  const names = (wrong: (prop: DocumentedProp) => boolean) => props.filter(wrong).map(({ name }) => name);

  test('every prop is read-only and has a comment', () => {
    expect(props).not.toEqual([]);
    expect(names((prop) => !prop.readonly || prop.comment === '')).toEqual([]);
  });

  test('every optional prop has @default, and no other prop has', () => {
    expect(names(({ optional, comment }) => optional !== comment.includes('@default '))).toEqual([]);
  });

  test('every prop in seconds says its minimum', () => {
    const seconds = names(
      ({ name, comment }) => name.endsWith('Seconds') && !/\d or more|At least|More than/.test(comment),
    );
    expect(seconds).toEqual([]);
  });
});

test.each([
  ['pod-monitor', 'PodMonitorProps', '## Scrape the pods'],
  ['alert-rules', 'AlertRulesProps', '## Alerts'],
  ['dashboard', 'DashboardProps', '## Dashboard'],
])('docs/monitoring.md lists every prop of %s and nothing else', (file, props, heading) => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/monitoring.md'), 'utf8');
  const [, section = ''] = page.split(`${heading}\n`);
  const [table = ''] = section.split('\n## ', 1);
  const listed = [...table.matchAll(/^\| `(\w+)` +\|/gm)].map(([, prop]) => `${props}.${prop}`);
  const declared = propsOf(`observability/${file}.ts`).map(({ name }) => name);
  expect(listed).toEqual(declared.filter((name) => name.startsWith(`${props}.`)));
});
