import { classNumbers } from '../../onnx/batch/decode-predictions.ts';
import type { Feature } from '../../onnx/signature/features.ts';
import type { ClassifierOutput } from '../../onnx/signature/task.ts';
import type { Signature } from '../../onnx/signature/signature.ts';
import type { DocumentedModel } from './models.ts';
import { timeoutParameter } from './parameters.ts';
import { runErrors, runSecurity, type Security } from './security.ts';
import { bodyErrors, COMPRESSION, problemResponses } from './responses.ts';
import { ref } from '../contract/schemas.ts';
import { acceptsUploads, FORM_TYPE, imageTypes, isImage, onlyImage } from '../protocol/predictions/uploads.ts';
import { featureSchema, outputSchema, rowSchema, type Json, requiredFeatures } from '../protocol/json-schemas.ts';

/** Returns the operation `POST …/predictions` of a model. */
export function predictionsOperation(
  { model, id }: DocumentedModel,
  operationId: string,
  tag: string,
  security: Security,
): Json {
  const { signature, example } = model;
  const { name, version } = signature;
  const takesUploads = acceptsUploads(signature.features);
  const recorded = signature.examples.length > 0 ? signature.examples : example ? [example] : [];
  const inputs = recorded.map(({ input }) => input);
  const predictions = recorded.map(({ input, ...prediction }) => ({ ...prediction, model: { name, version } }));
  return {
    operationId,
    tags: [tag],
    summary: `Predict with the model ${name}, version ${version}`,
    ...runSecurity(security, name),
    description:
      (takesUploads ? 'The body is an image, a form or JSON. ' : '') +
      'For one object, the response is one object. ' +
      'For an array or a table of columns, it is an array in the same order. ' +
      COMPRESSION,
    parameters: [timeoutParameter],
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: {
            oneOf: [
              ref(`${id}Features`),
              { type: 'array', minItems: 1, items: ref(`${id}Features`) },
              ref(`${id}Table`),
            ],
          },
          ...(inputs.length > 0 && {
            examples: {
              one: { summary: 'One row', value: inputs[0] },
              ...(inputs.length > 1 && { batch: { summary: 'Several rows', value: inputs } }),
              columns: {
                summary: 'Columns',
                value: {
                  columns: Object.fromEntries(
                    signature.features.map((feature) => [feature.name, inputs.map((input) => input[feature.name])]),
                  ),
                },
              },
            },
          }),
        },
        ...(takesUploads && uploads(signature.features)),
      },
    },
    responses: {
      200: {
        description: 'One prediction per row',
        content: {
          'application/json': {
            schema: { oneOf: [ref(`${id}Prediction`), { type: 'array', minItems: 1, items: ref(`${id}Prediction`) }] },
            ...(predictions.length > 0 && {
              examples: { one: { value: predictions[0] }, batch: { value: predictions } },
            }),
          },
        },
      },
      ...problemResponses([
        ...bodyErrors,
        ...(takesUploads ? (['invalid-multipart'] as const) : []),
        'unsupported-media-type',
        ...runErrors(security),
        'model-not-ready',
        'model-restarting',
        'overloaded',
        'shutting-down',
        'timeout',
      ]),
    },
  };
}

/** Returns the bodies that are images or forms, of a model that has images. */
function uploads(features: readonly Feature[]): Json {
  const image = onlyImage(features);
  const alone = image !== undefined && features.every((feature) => feature === image || feature.optional);
  return {
    ...(alone && Object.fromEntries(imageTypes.map((type) => [type, { schema: { contentMediaType: type } }]))),
    [FORM_TYPE]: {
      schema: {
        type: 'object',
        ...requiredFeatures(features),
        properties: Object.fromEntries(
          features.map((feature) => [
            feature.name,
            isImage(feature) ? { contentMediaType: 'image/*' } : featureSchema(feature, false, false),
          ]),
        ),
      },
      encoding: Object.fromEntries(
        features.filter(isImage).map(({ name }) => [name, { contentType: imageTypes.join(', ') }]),
      ),
    },
  };
}

export function predictionSchemas({ model, id }: DocumentedModel, strictRanges: boolean): Json {
  const { signature } = model;
  const { name, version, features } = signature;
  const properties = predictionProperties(signature);
  return {
    [`${id}Features`]: rowSchema(model, strictRanges, false),
    [`${id}Table`]: {
      type: 'object',
      description: 'All columns have the same length.',
      additionalProperties: false,
      required: ['columns'],
      properties: {
        columns: {
          type: 'object',
          additionalProperties: false,
          ...requiredFeatures(features),
          properties: Object.fromEntries(
            features.map((feature) => [
              feature.name,
              { type: 'array', minItems: 1, items: featureSchema(feature, strictRanges, false) },
            ]),
          ),
        },
      },
    },
    [`${id}Prediction`]: {
      type: 'object',
      additionalProperties: false,
      required: [...Object.keys(properties), 'model'],
      properties: {
        ...properties,
        model: {
          type: 'object',
          required: ['name', 'version'],
          properties: { name: { type: 'string', const: name }, version: { type: 'string', const: version } },
        },
        warnings: { type: 'array', items: ref('Issue'), description: 'Values outside their valid range or choices' },
      },
    },
  };
}

/** Returns the properties of a prediction. All of them are always present. */
function predictionProperties(signature: Signature): Json {
  const { output } = signature;
  switch (output.task) {
    case 'classifier':
      return {
        prediction: { type: 'string', enum: output.classes },
        ...(output.probabilities && {
          [classNumbers(output)]: ofClasses(output),
        }),
      };
    case 'regressor':
      return { prediction: ref('Number') };
    case 'anomaly-detector':
      return {
        prediction: { type: 'integer', enum: [-1, 1], description: '-1 means an anomaly.' },
        score: { ...ref('Number'), description: 'The lower, the more anomalous.' },
      };
    case 'tensors':
      return {
        outputs: {
          ...exactly(Object.fromEntries(output.outputs.map((spec) => [spec.name, outputSchema(spec, signature)]))),
          required: output.outputs.filter(({ optional }) => !optional).map(({ name }) => name),
        },
      };
  }
}

/** Returns the schema of the numbers of the classes. */
function ofClasses({ classes, top }: ClassifierOutput): Json {
  const { required, ...schema } = exactly(Object.fromEntries(classes.map((label) => [label, ref('Number')])));
  return top === undefined
    ? { ...schema, required }
    : { ...schema, minProperties: top, maxProperties: top, description: `The ${top} most probable classes.` };
}

function exactly(properties: Json): Json {
  return { type: 'object', additionalProperties: false, required: Object.keys(properties), properties };
}
