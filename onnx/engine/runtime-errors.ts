/** Of ONNX's own operators, the latest set that the runtime has; a test says when it has a later one. */
export const highestOpset = 26;

/**
 * What the runtime says of a model that it does not take, in words that tell what to do; as it is, where it is not known.
 * Its sentences differ between releases: tests hold these against the runtime that is installed.
 */
export function explainLoadError(message: string): string {
  for (const [pattern, explain] of refusals) {
    const match = pattern.exec(message)?.groups;
    if (match !== undefined) return explain(match);
  }
  return `the ONNX runtime refuses the model: ${withoutSource(message)}`;
}

/** The same of a run. Nodes named `rhizome/…` are those that make tensors of sequences. */
export function explainRunError(message: string): string {
  for (const [pattern, explain] of failures) {
    const match = pattern.exec(message)?.groups;
    if (match !== undefined) return explain(match);
  }
  return `the model cannot be run: ${withoutSource(message)}`;
}

type Groups = Readonly<Record<string, string>>;
type Explanation = readonly [pattern: RegExp, explain: (groups: Groups) => string];

const refusals: readonly Explanation[] = [
  [
    /Unsupported model IR version: (?<has>\d+), max supported IR version: (?<most>\d+)/,
    ({ has, most }) =>
      `its IR version is ${has}, and the runtime knows ${most} at most: export it with an older release of onnx, or set model.ir_version = ${most} and save it again`,
  ],
  [
    /Opset (?<has>\d+) is under development .*support for domain (?<domain>\S+) is till opset (?<most>\d+)/s,
    ({ has, domain, most }) =>
      `it uses opset ${has} of ${domain}, and the runtime has ${most} at most: export it for that one (target_opset, or opset_version of torch.onnx.export), or convert it (onnx.version_converter)`,
  ],
  // In a branch or a loop's body; its name comes last.
  [
    /No Op registered for (?<op>\S+) with domain_version of (?<version>\d+).*Name: (?<node>\S*) OpType/s,
    ({ op, node, version }) => unknownOperator(op, node, version),
  ],
  [
    /\("(?<node>[^"]*)", (?<op>\w+), "[^"]*", -?\d+\).*No Op registered for \k<op> with domain_version of (?<version>\d+)/s,
    ({ node, op, version }) => unknownOperator(op, node, version),
  ],
  [
    /\("(?<node>[^"]*)", (?<op>\w+), "(?<domain>[^"]*)", -?\d+\).*No opset import for domain/s,
    ({ node, op, domain }) =>
      `${nodeName(node, `${domain}.${op}`)} is of ${domain}, whose version the model does not name, and which is none of the runtime's: ${ownOperators}`,
  ],
  [
    /(?<domain>[\w.]+):(?<op>\w+)\((?<version>-?\d+)\) is not a registered function\/op/,
    ({ domain, op }) =>
      `the runtime has no operator ${op} of ${domain}: ${domain === 'ai.onnx.contrib' ? 'onnxruntime-extensions has, which is not used here: leave the tokenizer or other text step out of the graph, and send what it gives' : ownOperators}`,
  ],
  [
    /Could not find an implementation for (?<op>\w+)\((?<version>\d+)\) node with name '(?<node>[^']*)'/,
    ({ op, version, node }) =>
      `the runtime cannot compute ${nodeName(node, op)}, version ${version}, on a CPU for the types that it is given here (as bfloat16 or float8): export the model as float32 or float16, or with another opset`,
  ],
  [
    /Type '(?<type>[^']+)' of input parameter \((?<value>[^)]*)\) of operator \((?<op>[^)]*)\) in node \((?<node>[^)]*)\) is invalid/,
    ({ type, value, op, node }) =>
      `${nodeName(node, op)} is given '${value}', a ${type}, which this operator does not take: the export is at fault; export it again, with a cast before this node or from a model of another type`,
  ],
  [
    /Node input '(?<value>[^']+)' is not a graph input, initializer, or output of a previous node/,
    ({ value }) =>
      `a node takes '${value}', which nothing in the graph gives: the file was made or edited wrongly; export it again`,
  ],
];

const failures: readonly Explanation[] = [
  [
    /Name:'rhizome\/(?<output>[^']+)\/stack' .*Must have 1 or more inputs/s,
    ({ output }) => `the sequence '${output}' is empty for this input, so there is no tensor of it`,
  ],
  [
    /Name:'rhizome\/(?<output>[^']+)\/stack' Status Message: (?<reason>.*)/s,
    ({ output, reason }) =>
      `the tensors of the sequence '${output}' differ in shape, so that they cannot be one tensor (${withoutSource(reason ?? '')}): pad them to one shape in the model, or send input for which they are alike`,
  ],
  [/Name:'rhizome\/(?<output>[^']+)\/element'/, ({ output }) => `the output '${output}' is absent for this input`],
];

const ownOperators =
  "operators of one's own cannot be loaded; export the model with ONNX's alone, or with the step that makes this one left out";

function unknownOperator(op = '', node = '', version = ''): string {
  return (
    `ONNX has no operator ${op} in opset ${version}, for ${nodeName(node, op)}. The runtime knows opsets up to ${highestOpset}: ` +
    'export the model with a higher opset where a later one has it, else without this operator'
  );
}

const nodeName = (node = '', op = ''): string => (node === '' ? `a node ${op}` : `the node '${node}' (${op})`);

/** Where in its own code the runtime found it helps nobody here. */
function withoutSource(message: string): string {
  return message
    .trim()
    .replace(/^\/\S+\.(?:cc|h):\d+ .*?\) (?=[A-Z])/s, '')
    .replace(/^\w+\.(?:cc|h):\d+ \w+ /, '');
}
