import type { Model } from '../../onnx/model.ts';
import type { Signature } from '../../onnx/signature.ts';
import { problemResponses } from './openapi-shared.ts';
import { featureSchema, outputSchema, ref, rowSchema, type Json } from './schemas.ts';

/** Names of one model's schemas in the document. */
export interface SchemaNames {
  readonly features: string;
  readonly table: string;
  readonly prediction: string;
}

/** By model, in its order: `IrisFeatures` and so on; a version's that is not the default has its number in it. */
export function schemaNames(models: readonly { readonly model: Model; readonly isDefault: boolean }[]): ReadonlyMap<Model, SchemaNames> {
  const taken = new Set<string>();
  return new Map(models.map(({ model, model: { signature: { name, version } }, isDefault }) => {
    const wanted = pascal(isDefault ? name : `${name} v${version}`) || 'Model';
    let unique = wanted;
    for (let count = 2; taken.has(unique); count++) unique = `${wanted}_${count}`;
    taken.add(unique);
    return [model, { features: `${unique}Features`, table: `${unique}Table`, prediction: `${unique}Prediction` }];
  }));
}

function pascal(text: string): string {
  return text.split(/[^a-zA-Z0-9]+/).map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('');
}

/** `POST …/predictions` of a model. */
export function predictionsOperation({ signature: { name, version }, example, signature }: Model, names: SchemaNames, operationId: string, tag: string, needsKey: boolean): Json {
  const recorded = signature.examples.length > 0 ? signature.examples : example ? [example] : [];
  const inputs = recorded.map(({ input }) => input);
  const answers = recorded.map(({ input, ...answer }) => ({ ...answer, model: { name, version } }));
  return {
    operationId,
    tags: [tag],
    summary: `Predicts with the model ${name}, version ${version}`,
    description: 'Takes one object and answers one; or takes an array, or a table of columns, and answers an array in the same order.',
    requestBody: { required: true, content: { 'application/json': {
      schema: { oneOf: [ref(names.features), { type: 'array', minItems: 1, items: ref(names.features) }, ref(names.table)] },
      ...(inputs.length > 0 && { examples: {
        one: { summary: 'One row', value: inputs[0] },
        ...(inputs.length > 1 && { batch: { summary: 'Several rows', value: inputs } }),
        columns: { summary: 'Columns', value: { columns: Object.fromEntries(signature.features.map((feature) => [feature.name, inputs.map((input) => input[feature.name])])) } },
      } }),
    } } },
    responses: {
      200: { description: 'One prediction a row', content: { 'application/json': {
        schema: { oneOf: [ref(names.prediction), { type: 'array', minItems: 1, items: ref(names.prediction) }] },
        ...(answers.length > 0 && { examples: { one: { value: answers[0] }, batch: { value: answers } } }),
      } } },
      ...problemResponses([400, ...(needsKey ? [401] : []), 413, 415, 422, 503]),
    },
  };
}

export function modelSchemas(model: Model, names: SchemaNames, strictRanges: boolean): Json {
  const { signature } = model;
  const { name, version, features } = signature;
  const answer = answerProperties(signature);
  return {
    [names.features]: rowSchema(model, strictRanges, false),
    [names.table]: {
      type: 'object', description: 'Every column is as long as the others.',
      additionalProperties: false, required: ['columns'],
      properties: { columns: {
        type: 'object', additionalProperties: false, required: features.map((feature) => feature.name),
        properties: Object.fromEntries(features.map((feature) => [feature.name, { type: 'array', minItems: 1, items: featureSchema(feature, strictRanges, false) }])),
      } },
    },
    [names.prediction]: {
      type: 'object',
      additionalProperties: false,
      required: [...Object.keys(answer), 'model'],
      properties: {
        ...answer,
        model: {
          type: 'object', required: ['name', 'version'],
          properties: { name: { type: 'string', const: name }, version: { type: 'string', const: version } },
        },
        warnings: { type: 'array', items: ref('Issue'), description: 'Values outside their valid range.' },
      },
    },
  };
}

/** What the model answers of one row; all of it is always there. */
function answerProperties(signature: Signature): Json {
  const { output } = signature;
  switch (output.task) {
    case 'classifier': return {
      prediction: { type: 'string', enum: output.classes },
      ...(output.probabilities && { probabilities: exactly(Object.fromEntries(output.classes.map((label) => [label, ref('Number')]))) }),
    };
    case 'regressor': return { prediction: ref('Number') };
    case 'anomaly-detector': return {
      prediction: { type: 'integer', enum: [-1, 1], description: '-1 is an anomaly.' },
      score: { ...ref('Number'), description: 'The lower, the more of an anomaly.' },
    };
    case 'tensors': return { outputs: exactly(Object.fromEntries(output.outputs.map((spec) => [spec.name, outputSchema(spec, signature)]))) };
  }
}

function exactly(properties: Json): Json {
  return { type: 'object', additionalProperties: false, required: Object.keys(properties), properties };
}
