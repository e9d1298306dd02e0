/** Argument lists for `docker`. Pure: `exec` runs them. */

export interface BuildOptions {
  readonly tag: string;
  /** For the Dockerfile's `ARG`s. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** Files by the id under which the build mounts them; they reach no layer. */
  readonly secrets: Readonly<Record<string, string>>;
  /** As `linux/arm64`; the Engine's own when absent. */
  readonly platform?: string;
}

export function dockerBuild({ tag, buildArgs, secrets, platform }: BuildOptions): string[] {
  return [
    'docker', 'build', '--tag', tag,
    ...(platform === undefined ? [] : ['--platform', platform]),
    ...Object.entries(buildArgs).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...Object.entries(secrets).flatMap(([id, file]) => ['--secret', `id=${id},src=${file}`]),
    '.',
  ];
}

export const dockerTag = (image: string, tag: string): string[] => ['docker', 'tag', image, tag];

export const dockerInspectImage = (image: string): string[] => ['docker', 'image', 'inspect', image];

/** Asks the Engine, so that it fails where the client alone is there. */
export const dockerVersion = (): string[] => ['docker', 'version', '--format', '{{.Server.Version}}'];
