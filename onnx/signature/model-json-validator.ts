import { Ajv, type Options, type ValidateFunction } from 'ajv';
import schema from './model.schema.json' with { type: 'json' };

// A test validates the schema itself.
export const options: Options = { allErrors: true, allowUnionTypes: true, verbose: true, validateSchema: false };

/** Validates the content of `model.json` against its schema. The image has it compiled: see service/image/bundle.ts. */
export const validate: ValidateFunction = new Ajv(options).compile(schema);
