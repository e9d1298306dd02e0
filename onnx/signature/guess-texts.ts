import { GRAPH, MODEL } from '../graph/field-numbers.ts';
import { messages } from '../graph/protobuf.ts';
import { rankOf, readInputs, readValue, type Value } from '../graph/value-type.ts';
import type { ModelJson } from './model-json.ts';
import { namesOfInputs, tokenInputs, type TokensJson } from './tokens.ts';

/** What the files next to a model say about its texts. */
export interface TextHints extends Pick<TokensJson, 'maxLength'> {
  /** @default mean */
  readonly pool?: 'mean' | 'cls';
  /** The names of the classes. @default none */
  readonly classes?: readonly string[];
}

/** What is guessed about a model of texts: what `model.json` says if its owner agrees. */
export type GuessedTexts = Required<Pick<ModelJson, 'features'>> & Pick<ModelJson, 'outputs' | 'classes'>;

/** An embedding in JSON is half as long with so many digits, and differs by less than other machines make it differ. */
const DECIMALS = 6;

/**
 * Guesses what a model that has a tokenizer does: all of its inputs have the names that Hugging Face gives those of a
 * text. An output with a vector for each token, or one that is called an embedding, becomes an embedding; one that is
 * called logits becomes classes, if their names are known.
 *
 * @returns undefined if the model has other inputs
 * @throws {ProtobufError} if the bytes are not a complete protobuf message
 */
export function guessTexts(model: Uint8Array, { maxLength, ...hints }: TextHints): GuessedTexts | undefined {
  const [graph = new Uint8Array()] = messages(model, MODEL.graph);
  const inputs = readInputs(graph);
  const tokens = tokenInputs({}, inputs);
  if (tokens === undefined || namesOfInputs(tokens).length !== inputs.length) return undefined;
  return {
    features: [
      {
        name: 'text',
        decode: { tokens: { tokenizer: 'tokenizer.json', ...(maxLength !== undefined && { maxLength }) } },
      },
    ],
    ...guessOutputs(messages(graph, GRAPH.output).map(readValue), hints),
  };
}

function guessOutputs(
  outputs: readonly Value[],
  { pool = 'mean', classes = [] }: TextHints,
): Pick<ModelJson, 'outputs' | 'classes'> {
  const vector = embedding(outputs);
  if (vector !== undefined) {
    const embedded = { ...(rankOf(vector) === 3 && { pool }), normalize: true, decimals: DECIMALS };
    return { outputs: { [vector.name]: { embedding: embedded } } };
  }
  const logits = outputs.find((output) => rankOf(output) === 2 && output.name === 'logits');
  if (logits === undefined || classes.length < 2) return {};
  return { outputs: { [logits.name]: { classes: { softmax: true } } }, classes };
}

/** Prefers what is an embedding already to the vectors of the tokens. */
function embedding(outputs: readonly Value[]): Value | undefined {
  return (
    outputs.find((output) => rankOf(output) === 2 && /embedding/i.test(output.name)) ??
    outputs.find((output) => rankOf(output) === 3 && /hidden_state|embedding/i.test(output.name))
  );
}
