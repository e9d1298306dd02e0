import type { KindConfig } from '../targets/kind-config.ts';
import { imageInspect, type ContainerEngine } from '../tools/container-engine.ts';
import type { ExecContext } from '../tools/exec.ts';
import { ok, type Finding } from './finding.ts';
import { portFinding } from './port.ts';
import { checkProgram } from './tools.ts';

/** Checks what `kind create cluster` needs. For a cluster that does not exist yet. */
export async function newKindFindings(
  context: ExecContext,
  engine: ContainerEngine,
  config: KindConfig,
  nodeImage: string | undefined,
): Promise<readonly Finding[]> {
  return [
    ...(await Promise.all(
      config.portMappings.map(({ hostPort }) =>
        portFinding(context.root, hostPort, {
          busy: 'missing',
          fix: 'Stop that program, or change `hostPort` in kind.yaml.',
          own: { state: 'missing', fix: 'Stop them: rhizome down --on local' },
        }),
      ),
    )),
    await nodeImageFinding(context, engine, nodeImage),
    {
      what: `cluster ${config.name}`,
      state: 'warning',
      detail: 'does not exist yet',
      fix: '`rhizome up --on kind` creates it.',
    },
  ];
}

async function nodeImageFinding(
  context: ExecContext,
  engine: ContainerEngine,
  image: string | undefined,
): Promise<Finding> {
  const what = 'node image';
  const fix = 'If no registry is reachable, name an image that this machine has, with --node-image or KIND_NODE_IMAGE.';
  if (image === undefined)
    return { what, state: 'warning', detail: "kind's default, which kind pulls if this machine does not have it", fix };
  const here = await checkProgram(context, what, imageInspect(engine, image), false, () =>
    ok(what, `${image}, on this machine`),
  );
  return here.state === 'ok'
    ? here
    : { what, state: 'warning', detail: `${image} is not on this machine: kind will pull it`, fix };
}
