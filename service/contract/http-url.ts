/** Returns a text as a URL of HTTP; undefined if it is not one. */
export function httpUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url : undefined;
}

/** Returns whether a URL has a user or a password, which do not belong into settings and manifests. */
export const hasUser = ({ username, password }: URL): boolean => username !== '' || password !== '';
