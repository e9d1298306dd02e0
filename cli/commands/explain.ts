import { Command } from 'commander';
import { readExplanations } from '../../infra/explanations/explanations.ts';
import { fieldsOf } from '../explain/fields.ts';
import { formatFields, formatObjects, summaryOf } from '../explain/format-fields.ts';
import { selectFields } from '../explain/select-fields.ts';
import { Failure } from '../failure.ts';
import type { KubernetesObject } from '../kubernetes.ts';
import { readObjects } from '../project/objects.ts';
import { escapeControls } from '../terminal/printable.ts';
import { createStyle } from '../terminal/style.ts';
import { examples, type CommandContext } from './options.ts';

export function explainCommand(context: CommandContext): Command {
  return new Command('explain')
    .summary('say why each field of the manifests is there')
    .description('say why each object and field of manifests is there, what breaks without it, and which prop sets it')
    .argument('<file>', 'manifests, such as charts-out/local.k8s.yaml')
    .argument('[path]', 'a field, such as Service.spec.type or livenessProbe (default: an overview of the objects)')
    .option('--json', 'print an array of {"object", "path", "value", "why", "without", "prop", "default"}')
    .addHelpText(
      'after',
      examples(
        'rhizome explain charts-out/local.k8s.yaml',
        'rhizome explain charts-out/local.k8s.yaml livenessProbe',
        'rhizome explain charts-out/local.k8s.yaml Deployment.spec.template.spec',
        'rhizome explain charts-out/local.k8s.yaml Service/iris-server-headless.spec',
      ),
    )
    .action((file: string, path: string | undefined, { json }: { readonly json?: boolean }) => {
      const explanations = readExplanations();
      const fields = readManifest(file).flatMap((object) => fieldsOf(object, explanations));
      const selected =
        path === undefined ? fields.filter(({ place }) => place.length === 0) : selectFields(fields, path);
      if (json === true) {
        context.print(escapeControls(JSON.stringify(summaryOf(selected))));
        return;
      }
      const style = createStyle(process.stdout);
      context.print(
        path === undefined
          ? `${formatObjects(fields, style)}\n\nThe fields of one of them: rhizome explain ${file} Service`
          : formatFields(selected, style),
      );
    });
}

function readManifest(file: string): readonly KubernetesObject[] {
  const objects = readObjects(file);
  if (objects.length > 0 && objects.every(isObject)) return objects;
  throw new Failure(`${file} contains something other than Kubernetes objects, which have a kind and a name.`, {
    hint: 'Name a file that `rhizome synth` has written, such as charts-out/local.k8s.yaml.',
  });
}

const isObject = ({ kind, metadata }: Partial<KubernetesObject>): boolean =>
  typeof kind === 'string' && typeof metadata?.name === 'string';
