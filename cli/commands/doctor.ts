import { Command } from 'commander';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { clusterFindings, noCluster } from '../doctor/cluster.ts';
import { ok, type Finding } from '../doctor/finding.ts';
import { engineFindings, ownNode, toolFindings } from '../doctor/tools.ts';
import { Failure } from '../failure.ts';
import { currentManifests } from '../manifests.ts';
import { checkContext, scopeOf } from '../targets/cluster.ts';
import { isCluster, targetNamed } from '../targets/find.ts';
import { portHolder } from '../targets/port.ts';
import { chooseEngine } from '../tools/engine.ts';
import { examples, onOption, type CommandContext } from './options.ts';

export function doctorCommand(context: CommandContext): Command {
  return new Command('doctor')
    .description('look at what `up` needs: programs, versions, memory, and what the cluster allows; change nothing')
    .addOption(onOption('local'))
    .option('--json', 'print [{"what", "state": "ok" | "warning" | "missing", "detail", "fix"}]')
    .addHelpText('after', `${examples('rhizome doctor', 'rhizome doctor --on kind', 'rhizome doctor --on context=staging')}\n\nExit code: 1 where something is missing that the target needs.`)
    .action(async ({ on = 'local', json }: { on?: string; json?: boolean }) => {
      const findings = await examine(context, on);
      context.print(json === true ? JSON.stringify(findings) : inLines(findings));
      const missing = findings.filter(({ state }) => state === 'missing').map(({ what }) => what);
      if (missing.length > 0) throw new Failure(`\`rhizome up --on ${on}\` cannot work: ${missing.join(', ')}.`, { hint: 'Each line above says what to do.' });
    });
}

async function examine(context: CommandContext, on: string): Promise<readonly Finding[]> {
  const local = on === 'local';
  const ownNodes = on === 'kind';
  const engine = chooseEngine();
  const tools = await Promise.all([
    engineFindings(context, engine, ownNodes, nodeCount(context.root)),
    toolFindings(context, { kind: ownNodes, kubectl: !local, minikube: on === 'minikube' }),
  ]);
  const findings: Finding[] = [ownNode(), ...tools.flat(), ...(local ? [await port(8080)] : [])];
  if (local || findings.some(({ state }) => state === 'missing')) return findings;

  const target = targetNamed(context, on);
  if (!isCluster(target)) return findings;
  if (ownNodes && !await target.isUp()) return [...findings, noCluster(on)];
  const manifests = currentManifests(context.root);
  try {
    await checkContext(context, target.context);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [...findings, { what: `context ${target.context}`, state: 'missing', detail: error.message, ...(error.hint !== undefined && { fix: error.hint }) }];
  }
  return [...findings, ...await clusterFindings(context, scopeOf(target.context, manifests), manifests)];
}

function nodeCount(root: string): number {
  const file = join(root, 'kind.yaml');
  if (!existsSync(file)) return 1;
  return (parse(readFileSync(file, 'utf8')) as { nodes?: readonly unknown[] } | null)?.nodes?.length ?? 1;
}

async function port(number: number): Promise<Finding> {
  const holder = await portHolder(number);
  if (holder === undefined) return ok(`port ${String(number)}`, 'free');
  return { what: `port ${String(number)}`, state: 'warning', detail: `in use by ${holder}`, fix: 'End that program where it is not Rhizome, or name another port: --port.' };
}

function inLines(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  const mark = { ok: '✓', warning: '!', missing: '✗' } as const;
  return findings.map(({ what, state, detail, fix }) =>
    `${mark[state]} ${what.padEnd(width)}  ${detail}${fix === undefined ? '' : `\n  ${' '.repeat(width)}  → ${fix}`}`).join('\n');
}
