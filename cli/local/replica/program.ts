import { image, type VariableName } from '../../../service/contract/index.ts';
import { program } from '../../own-package.ts';
import type { Program } from './container-process.ts';
import { expand, localPath } from './environment.ts';
import type { Container } from '../../kubernetes.ts';

/**
 * What runs for a container: its command and args, else the service, as by the image's default command, in the project's folder.
 * `ports` are this machine's by the container's; PORT is the one that the container serves on.
 */
export function containerProgram(
  container: Container,
  root: string,
  env: Readonly<Record<string, string>>,
  servingPort: number,
  ports: ReadonlyMap<number, number>,
): Program {
  const own: Record<string, string> = { ...env };
  // Any variable that tells the program to listen on one of its ports has to name the one that it has here.
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
