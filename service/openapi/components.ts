import { inferenceSchemas } from '../contract/inference-schemas.ts';
import { apiSchemas, ref } from '../contract/schemas.ts';
import { integerSchemas, type Json } from '../protocol/json-schemas.ts';

/** The schemas that are the same for every model. */
export const sharedSchemas: Json = {
  ...apiSchemas,
  ...inferenceSchemas,
  Nested: {
    description: 'Nested arrays. The model does not declare their depth.',
    type: 'array',
    items: { anyOf: [{ type: ['number', 'string', 'boolean'] }, ref('Nested')] },
  },
  ...integerSchemas,
};
