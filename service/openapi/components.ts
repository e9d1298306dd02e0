import { inferenceSchemas } from '../contract/inference-schemas.ts';
import { apiSchemas, ref } from '../contract/schemas.ts';
import { integerSchemas, type Json } from '../protocol/json-schemas.ts';

const schemas: Json = {
  ...apiSchemas,
  ...inferenceSchemas,
  Nested: {
    description: 'Nested arrays. The model does not declare their depth.',
    type: 'array',
    items: { anyOf: [{ type: ['number', 'string', 'boolean'] }, ref('Nested')] },
  },
  ...integerSchemas,
};

/** The schemas of probes. */
const probeSchemas: readonly string[] = ['Health', 'Check'] satisfies readonly (keyof typeof apiSchemas)[];

/** Returns the schemas that are the same for every model. */
export function sharedSchemas(publicProbes: boolean): Json {
  if (publicProbes) return schemas;
  return Object.fromEntries(Object.entries(schemas).filter(([name]) => !probeSchemas.includes(name)));
}
