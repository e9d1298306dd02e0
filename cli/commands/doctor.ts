import { Command } from 'commander';
import { clusterFindings } from '../doctor/cluster.ts';
import type { Finding } from '../doctor/finding.ts';
import { newKindFindings } from '../doctor/kind.ts';
import { portFinding } from '../doctor/port.ts';
import { containerEngineFindings, npmFinding, ownNode, toolFindings } from '../doctor/tools.ts';
import { Failure } from '../failure.ts';
import { currentManifests } from '../project/manifests.ts';
import { scopeOf } from '../cluster/scope.ts';
import { checkContext } from '../targets/cluster.ts';
import { isCluster, targetNamed } from '../targets/find.ts';
import { readKindConfig } from '../targets/kind-config.ts';
import { columns } from '../terminal/columns.ts';
import { createStyle } from '../terminal/style.ts';
import { chooseContainerEngine } from '../tools/container-engine.ts';
import { defaultPort, examples, onOption, type CommandContext } from './options.ts';

export function doctorCommand(context: CommandContext): Command {
  return new Command('doctor')
    .summary('check what `up` needs')
    .description('check what `up` needs: programs, versions, memory and cluster permissions; changes nothing')
    .addOption(onOption('local'))
    .option('--json', 'print [{"what", "state": "ok" | "warning" | "missing", "detail", "fix"}]')
    .addHelpText(
      'after',
      `${examples('rhizome doctor', 'rhizome doctor --on kind', 'rhizome doctor --on context=staging')}\n\n` +
        'Exit code: 1 if something is missing that the target needs.',
    )
    .action(async ({ on = 'local', json }: { on?: string; json?: boolean }) => {
      const findings = await examine(context, on);
      context.print(json === true ? JSON.stringify(findings) : inLines(findings));
      const missing = findings.filter(({ state }) => state === 'missing').map(({ what }) => what);
      if (missing.length > 0)
        throw new Failure(`\`rhizome up --on ${on}\` would fail because of: ${missing.join(', ')}.`, {
          hint: 'The line after each ✗ above says what to do.',
        });
    });
}

async function examine(context: CommandContext, on: string): Promise<readonly Finding[]> {
  const target = targetNamed(context, on);
  const local = !isCluster(target);
  const ownNodes = isCluster(target) && target.isOwn;
  const engine = chooseContainerEngine();
  const kind = readKindConfig(context.root);
  const tools = await Promise.all([
    containerEngineFindings(context, engine, ownNodes, kind?.nodes ?? 1),
    toolFindings(context, { kind: ownNodes, kubectl: !local, minikube: on === 'minikube' }),
  ]);
  const findings: Finding[] = [
    ownNode(),
    await npmFinding(context),
    ...tools.flat(),
    ...(local
      ? [
          await portFinding(context.root, defaultPort, {
            busy: 'warning',
            fix:
              'Stop that program, or choose another port with --port. ' +
              'If it is your kind cluster: rhizome down --on kind',
          }),
        ]
      : []),
  ];
  if (local || findings.some(({ state }) => state === 'missing')) return findings;

  if (ownNodes && !(await target.isUp())) {
    if (kind === undefined)
      return [
        ...findings,
        { what: 'kind.yaml', state: 'missing', detail: 'does not exist', fix: '`rhizome init` writes one.' },
      ];
    return [...findings, ...(await newKindFindings(context, engine, kind, process.env.KIND_NODE_IMAGE))];
  }
  const manifests = currentManifests(context.root);
  try {
    await checkContext(context, target.context);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [
      ...findings,
      {
        what: `context ${target.context}`,
        state: 'missing',
        detail: error.message,
        ...(error.hint !== undefined && { fix: error.hint }),
      },
    ];
  }
  return [...findings, ...(await clusterFindings(context, scopeOf(target.context, manifests), manifests))];
}

/** Formats a hint below both columns, so that a link fits on one line. */
function hint(text: string): readonly string[] {
  const [first = '', ...rest] = columns([[text]], { indent: '    ' });
  return [`  → ${first.trimStart()}`, ...rest];
}

function inLines(findings: readonly Finding[]): string {
  const style = createStyle(process.stdout);
  const marks = { ok: style('green', '✓'), warning: style('yellow', '!'), missing: style('red', '✗') };
  const width = Math.max(...findings.map(({ what }) => what.length));
  return findings
    .flatMap(({ what, state, detail, fix }) => [
      ...columns([[`${marks[state]} ${what.padEnd(width)}`, detail]]),
      ...(fix === undefined ? [] : hint(fix)),
    ])
    .join('\n');
}
