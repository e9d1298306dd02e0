/** What the cluster would not take, in plain words. */
export interface Refusal {
  readonly cause: string;
  readonly hint: string;
}

const readings: readonly { readonly pattern: RegExp; readonly read: (...groups: string[]) => Refusal }[] = [
  {
    pattern: /exceeded quota: ([^,]+), requested: (.+), used: (.+), limited: (.+)/,
    read: (quota = '', requested = '', used = '', limited = '') => ({
      cause: `the quota "${quota}" leaves no room: one more replica takes ${requested}; used is ${used}, allowed ${limited}`,
      hint: 'Ask for a larger quota, or lower `replicas` or `resources` in infra/. A rolling update needs room for one replica more than are wanted.',
    }),
  },
  {
    pattern: /violates PodSecurity "([^"]+)": (.+)/,
    read: (level = '', what = '') => ({
      cause: `the namespace enforces Pod Security "${level}", and the replicas have ${what}`,
      hint: 'Correct the pod in infra/ as it says.',
    }),
  },
  {
    pattern: /ValidatingAdmissionPolicy '([^']+)' with binding '[^']*' denied request: (.+)/,
    read: (policy = '', why = '') => ({
      cause: `the cluster's policy "${policy}" forbids it: ${why}`,
      hint: "Correct infra/ as the policy says, or ask the cluster's administrators.",
    }),
  },
  {
    pattern: /admission webhook "([^"]+)" denied the request: (.+)/,
    read: (webhook = '', why = '') => ({
      cause: `the cluster's admission webhook "${webhook}" forbids it: ${why}`,
      hint: "Correct infra/ as the webhook says, or ask the cluster's administrators.",
    }),
  },
  {
    pattern: /failed calling webhook "([^"]+)": (.+)/,
    read: (webhook = '', why = '') => ({
      cause: `the cluster's admission webhook "${webhook}" does not answer: ${why}`,
      hint: "Nothing can be changed while it is down: ask the cluster's administrators.",
    }),
  },
  {
    pattern: /User "([^"]+)" cannot (\w+) resource "([^"]+)"/,
    read: (user = '', verb = '', resource = '') => ({
      cause: `"${user}" has no right to ${verb} ${resource}`,
      hint: "Ask the cluster's administrators for a role that may.",
    }),
  },
  {
    pattern: /The (\S+ "[^"]+") is invalid: .*field is immutable/,
    read: (object = '') => ({
      cause: `a field of the ${object.toLowerCase()} was changed that Kubernetes lets nobody change`,
      hint: 'Change it back, or delete the object first; that stops its replicas.',
    }),
  },
];

/** Reads a message of the API server; undefined where nothing plainer than itself can be said. */
export function readRefusal(message: string): Refusal | undefined {
  for (const { pattern, read } of readings) {
    const [, ...groups] = pattern.exec(message) ?? [];
    if (groups.length > 0) return read(...groups);
  }
  return undefined;
}
