import { JsonPatch, type ApiObject } from 'cdk8s';

/**
 * Adds fields to the `spec` of an object. Its type in cdk8s-plus-27, which ends at Kubernetes 1.27, lacks them. Call it
 * after `patchAsWritten`, which keeps them from being dropped. A field that is undefined is left out.
 */
export function addNewerFields(object: ApiObject, fields: Readonly<Record<string, unknown>>): void {
  for (const [field, value] of Object.entries(fields))
    if (value !== undefined) object.addJsonPatch(JsonPatch.add(`/spec/${field}`, value));
}
