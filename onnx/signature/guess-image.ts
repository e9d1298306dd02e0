import { GRAPH, MODEL } from '../graph/field-numbers.ts';
import { graphNodes } from '../graph/node.ts';
import { messages } from '../graph/protobuf.ts';
import { isFloatTable, rankOf, readInputs, readValue, type Value } from '../graph/value-type.ts';
import type { Size } from './image.ts';
import type { FeatureJson, ModelJson } from './model-json.ts';
import { SignatureError } from './tensor-spec.ts';

/** If there are more classes, a response lists only the most probable. */
const MOST_LISTED = 10;
const TOP = 5;

/**
 * Guesses what `model.json` says about a model that classifies images, or makes something else of them.
 *
 * @param size height and width to which images are resized; by default those of the input
 * @param classes the names of the classes
 * @throws {SignatureError} if no input can be an image
 */
export function guessImage(
  model: Uint8Array,
  size: Size | undefined,
  classes: readonly string[] | undefined,
): Pick<ModelJson, 'features' | 'outputs'> {
  const [graph = new Uint8Array()] = messages(model, MODEL.graph);
  const inputs = readInputs(graph);
  const images = inputs.filter((input) => rankOf(input) === 4);
  const [image = inputs.length === 1 ? inputs[0] : undefined, second] = images;
  if (image === undefined || second !== undefined) {
    const names = inputs.map(({ name }) => name).join(', ');
    throw new SignatureError(
      `none of the inputs ${names} is the only one with four dimensions, as images have. ` +
        'Add the model without --image, and describe the image in "decode" of model.json',
    );
  }
  const decode: FeatureJson['decode'] = { image: size === undefined ? {} : { resize: size } };
  const output =
    classes &&
    messages(graph, GRAPH.output)
      .map(readValue)
      .find((each) => hasNumbers(each, classes.length));
  const source = output && graphNodes(model).find(({ outputs }) => outputs.includes(output.name));
  return {
    features: inputs.map(({ name }) => ({ name, ...(name === image.name && { decode }) })),
    ...(output && {
      outputs: {
        [output.name]: {
          classes: {
            softmax: source?.opType !== 'Softmax',
            ...(classes.length > MOST_LISTED && { top: TOP }),
          },
        },
      },
    }),
  };
}

/** Returns whether an output has a number for each class. */
function hasNumbers({ type }: Value, classes: number): boolean {
  if (!isFloatTable(type)) return false;
  const [, count] = type.shape;
  return typeof count === 'string' || count === classes;
}
