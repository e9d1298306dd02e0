/** How many of the graph's nodes, from its start and to its end, convert inputs and outputs to tensors and back. */
export interface Conversions {
  readonly before: number;
  readonly after: number;
}

export const noConversions: Conversions = { before: 0, after: 0 };
