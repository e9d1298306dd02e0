/** Why the API server rejected an object, in plain words. */
export interface Rejection {
  readonly cause: string;
  readonly hint: string;
}

/** Messages of the API server, of admission controllers and of kubectl. */
const messages: readonly { readonly pattern: RegExp; readonly explain: (...groups: string[]) => Rejection }[] = [
  {
    pattern: /exceeded quota: ([^,]+), requested: (.+), used: (.+), limited: (.+)/,
    explain: (quota = '', requested = '', used = '', limited = '') => ({
      cause: `the quota "${quota}" is exhausted: one more replica needs ${requested}; used ${used} of ${limited}`,
      hint:
        'Request a larger quota, or lower `replicas` or `resources` in infra/. ' +
        'A rolling update needs room for one extra replica.',
    }),
  },
  {
    pattern: /violates PodSecurity "([^"]+)": (.+)/,
    explain: (level = '', what = '') => ({
      cause: `the namespace enforces Pod Security "${level}", and the replicas have ${what}`,
      hint: 'Correct the pod in infra/ accordingly.',
    }),
  },
  {
    pattern: /ValidatingAdmissionPolicy '([^']+)' with binding '[^']*' denied request: (.+)/,
    explain: (policy = '', why = '') => ({
      cause: `the cluster's policy "${policy}" denied it: ${why}`,
      hint: "Correct infra/ as the policy requires, or ask the cluster's administrators.",
    }),
  },
  {
    pattern: /admission webhook "([^"]+)" denied the request: (.+)/,
    explain: (webhook = '', why = '') => ({
      cause: `the cluster's admission webhook "${webhook}" denied it: ${why}`,
      hint: "Correct infra/ as the webhook requires, or ask the cluster's administrators.",
    }),
  },
  {
    pattern: /failed calling webhook "([^"]+)": (.+)/,
    explain: (webhook = '', why = '') => ({
      cause: `the cluster's admission webhook "${webhook}" does not respond: ${why}`,
      hint: "Nothing can be changed while it is down. Ask the cluster's administrators.",
    }),
  },
  {
    pattern: /User "([^"]+)" cannot (\w+) resource "([^"]+)"/,
    explain: (user = '', verb = '', resource = '') => ({
      cause: `the user "${user}" is not allowed to ${verb} ${resource}`,
      hint: "Ask the cluster's administrators for a role that allows it.",
    }),
  },
  {
    pattern: /The (\S+ "[^"]+") is invalid: .*field is immutable/,
    explain: (object = '') => ({
      cause: `an immutable field of the ${object.toLowerCase()} was changed`,
      hint: 'Change it back, or delete the object first, which stops its replicas.',
    }),
  },
];

/** Explains why the API server rejected an object. Returns undefined for a message that needs no explanation. */
export function explainRejection(message: string): Rejection | undefined {
  for (const { pattern, explain } of messages) {
    const [, ...groups] = pattern.exec(message) ?? [];
    if (groups.length > 0) return explain(...groups);
  }
  return undefined;
}
