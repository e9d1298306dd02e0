import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A user of a registry, as in the header `Authorization: Basic`. */
export interface Login {
  readonly username: string;
  readonly password: string;
}

interface DockerConfig {
  readonly auths?: Readonly<Record<string, { readonly auth?: string }>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
}

/**
 * Returns whom `docker login` has logged in at a registry; undefined if nobody. Asks the credential helper that the
 * configuration of Docker names.
 */
export function loginOf(registry: string, env: NodeJS.ProcessEnv = process.env): Login | undefined {
  const config = readConfig(join(env.DOCKER_CONFIG ?? join(homedir(), '.docker'), 'config.json'));
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  if (helper !== undefined && /^[\w.-]+$/.test(helper)) {
    const found = askHelper(helper, registry);
    if (found !== undefined) return found;
  }
  const auth = config.auths?.[registry]?.auth ?? config.auths?.[`https://${registry}`]?.auth;
  if (auth === undefined) return undefined;
  const [username = '', ...password] = Buffer.from(auth, 'base64').toString().split(':');
  return { username, password: password.join(':') };
}

function readConfig(file: string): DockerConfig {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as DockerConfig;
  } catch {
    return {};
  }
}

function askHelper(helper: string, registry: string): Login | undefined {
  try {
    const output = execFileSync(`docker-credential-${helper}`, ['get'], {
      input: registry,
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: 30_000,
    });
    const { Username: username = '', Secret: password = '' } = JSON.parse(output) as Record<string, string>;
    return { username, password };
  } catch {
    return undefined; // It has no credentials for this registry.
  }
}
