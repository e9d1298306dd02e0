/** The parts of an image reference: `registry:5000/team/name:tag@sha256:…`. */
export interface ImageReference {
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

// The grammar of github.com/distribution/reference: a number after a colon is a port only if a slash follows.
const host = String.raw`(?:[a-zA-Z\d](?:[a-zA-Z\d-]*[a-zA-Z\d])?)(?:\.[a-zA-Z\d](?:[a-zA-Z\d-]*[a-zA-Z\d])?)*(?::\d+)?`;
const component = String.raw`[a-z\d]+(?:(?:\.|_|__|-+)[a-z\d]+)*`;
// Those of github.com/opencontainers/go-digest.
const digests = String.raw`sha256:[\da-f]{64}|sha384:[\da-f]{96}|sha512:[\da-f]{128}`;
const pattern = new RegExp(
  String.raw`^((?:${host}/)?${component}(?:/${component})*)(?::(\w[\w.-]{0,127}))?(?:@(${digests}))?$`,
);
const longestRepository = 255;

/** Parses an image reference. Returns undefined if it is not a valid one. */
export function parseImageReference(reference: string): ImageReference | undefined {
  const [, repository, tag, digest] = pattern.exec(reference) ?? [];
  if (repository === undefined || repository.length > longestRepository) return undefined;
  return { repository, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

/**
 * Splits an image name without a tag into registry and path. As in Docker, the first part is a registry if it looks
 * like a host.
 */
export function splitRegistry(name: string): { readonly registry?: string; readonly path: string } {
  const [first = '', ...rest] = name.split('/');
  return rest.length > 0 && isRegistry(first) ? { registry: first, path: rest.join('/') } : { path: name };
}

/**
 * Returns whether the first part of an image name looks like a registry's host: it has a dot or a port, or is
 * `localhost`.
 */
export const isRegistry = (host: string): boolean => /[.:]/.test(host) || host === 'localhost';
