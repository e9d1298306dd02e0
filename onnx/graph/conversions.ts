/** What Rhizome has added to a graph to convert its inputs and outputs to tensors and back. */
export interface Conversions {
  /** How many nodes at the start of the graph. */
  readonly before: number;
  /** How many nodes at its end. */
  readonly after: number;
  /** Whether an input is a sequence of tensors with any number of dimensions. */
  readonly anyRank: boolean;
}

export const noConversions: Conversions = { before: 0, after: 0, anyRank: false };
