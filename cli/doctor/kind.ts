import type { KindConfig } from '../targets/kind-config.ts';
import { portHolder } from '../tools/port.ts';
import { imageInspect, type Engine } from '../tools/container-engine.ts';
import type { ExecContext } from '../tools/exec.ts';
import { ok, type Finding } from './finding.ts';
import { ask } from './tools.ts';

/** What `kind create cluster` needs, where there is no cluster yet. */
export async function newKindFindings(
  context: ExecContext,
  engine: Engine,
  config: KindConfig,
  nodeImage: string | undefined,
): Promise<readonly Finding[]> {
  return [
    ...(await Promise.all(
      config.portMappings.map(({ hostPort }) =>
        portFinding(hostPort, 'missing', 'Stop it, or change `hostPort` in kind.yaml.'),
      ),
    )),
    await nodeImageFinding(context, engine, nodeImage),
    {
      what: `cluster ${config.name}`,
      state: 'warning',
      detail: 'not there yet',
      fix: '`rhizome up --on kind` makes it.',
    },
  ];
}

/** @param busy what it means that something listens there */
export async function portFinding(port: number, busy: Finding['state'], fix: string): Promise<Finding> {
  const what = `port ${String(port)}`;
  const holder = await portHolder(port);
  return holder === undefined ? ok(what, 'free') : { what, state: busy, detail: `in use by ${holder}`, fix };
}

async function nodeImageFinding(context: ExecContext, engine: Engine, image: string | undefined): Promise<Finding> {
  const what = 'node image';
  const fix = 'Where no registry is reachable, name one that this machine has: --node-image, or KIND_NODE_IMAGE.';
  if (image === undefined)
    return { what, state: 'warning', detail: "kind's own, which it pulls unless it is here", fix };
  const here = await ask(context, what, imageInspect(engine, image), false, () =>
    ok(what, `${image}, on this machine`),
  );
  return here.state === 'ok'
    ? here
    : { what, state: 'warning', detail: `${image} is not on this machine: kind will pull it`, fix };
}
