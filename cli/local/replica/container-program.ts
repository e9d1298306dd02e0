import { image, type VariableName } from '../../../service/contract/index.ts';
import { program } from '../../own-package.ts';
import type { Program } from './container-process.ts';
import { expand, localPath } from './environment.ts';
import type { Container } from '../../kubernetes.ts';

/**
 * Returns the program to run for a container: its command and args, or by default the service, like the image.
 * @param servingPort the container's port that PORT is set for
 * @param ports this machine's ports by the container's
 */
export function containerProgram(
  container: Container,
  root: string,
  env: Readonly<Record<string, string>>,
  servingPort: number,
  ports: ReadonlyMap<number, number>,
): Program {
  const own: Record<string, string> = { ...env };
  // A variable that names a port to listen on must name the one on this machine.
  for (const [name, value] of Object.entries(env)) {
    const port = name.endsWith('PORT') ? ports.get(Number(value)) : undefined;
    if (port !== undefined) own[name] = String(port);
  }
  own['PORT' satisfies VariableName] = String(ports.get(servingPort));

  const given = [...(container.command ?? []), ...(container.args ?? [])];
  const argv = given.length > 0 ? given : ['node', program('service/main')];
  return {
    argv: argv.map((word) => localPath(expand(word, own), root)),
    cwd: localPath(container.workingDir ?? image.workingDir, root),
    env: own,
  };
}
