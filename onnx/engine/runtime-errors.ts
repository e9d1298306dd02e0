import { nodeLabel } from '../graph/node.ts';
import { EngineError, type EngineErrorCode } from './engine.ts';

/** The latest version of ONNX's own operators that the runtime supports; a test fails once it supports a later one. */
export const highestOpset = 26;

/** The earliest version that the runtime promises to run: it lacks earlier versions of operators that changed since. */
const lowestOpset = 7;

/**
 * Turns what the runtime throws for a model that it cannot load into an error that says what to do. The runtime has no
 * error codes, and its sentences differ between releases: this is the only place that matches them, and tests check
 * every pattern against the installed release. A message that matches none is kept, with the code `load-failed`.
 *
 * @param opset the version of ONNX's own operators that the model uses, if it is known
 */
export function loadError(cause: unknown, opset?: number): EngineError {
  return explain(cause, opset !== undefined && opset < lowestOpset ? tooOldFailures : loadFailures, 'load-failed');
}

/** Does the same for a run. Nodes named `rhizome/…` are the ones that turn sequences and optionals into tensors. */
export function runError(cause: unknown): EngineError {
  return explain(cause, runFailures, 'run-failed');
}

/** How many characters of a long message are kept at either end. */
const MOST_KEPT = 2000;

function explain(cause: unknown, failures: readonly Failure[], fallback: EngineErrorCode): EngineError {
  const message = shortened(cause instanceof Error ? cause.message : String(cause));
  for (const { code, pattern, reason } of failures) {
    const match = pattern.exec(message);
    if (match !== null) return new EngineError(code, withoutOwnNames(reason(match.groups ?? {})), { cause });
  }
  return new EngineError(fallback, withoutOwnNames(withoutRuntime(message)), { cause });
}

/** Replaces the names of values and nodes that a rewrite has added by the name of the input or output they are for. */
function withoutOwnNames(reason: string): string {
  return reason.replaceAll(ownNames, '$1');
}

const ownNames = new RegExp(
  String.raw`\brhizome\/([^'")]+?)` +
    String.raw`(?:\/(?:stack|element|present|input|output|sequence|cast|at|shape)(?:\/\w+)*)?(?=['")\s,:;]|$)`,
  'g',
);

/**
 * Leaves out the middle of a long message, such as one with a name of a megabyte: patterns take a time that grows with
 * the square of a word's length, and nobody reads it.
 */
function shortened(message: string): string {
  return message.length > 2 * MOST_KEPT ? `${message.slice(0, MOST_KEPT)} … ${message.slice(-MOST_KEPT)}` : message;
}

interface Failure {
  readonly code: EngineErrorCode;
  readonly pattern: RegExp;
  readonly reason: (groups: Readonly<Record<string, string>>) => string;
}

/** What the C++ library, the runtime's arena and JavaScript say if there is no memory. */
const noMemory = /std::bad_alloc|Failed to allocate memory|[Aa]llocation failed/;

/** What it says if it has no code for a version of an operator, or for its element types. */
const noKernel = /Could not find an implementation for (?<op>\w+)\((?<version>\d+)\) node with name '(?<node>[^']*)'/;

const withoutGpu =
  'Build the image for CUDA and run it where there is a GPU (docs/hardware.md), or set EXECUTION_PROVIDER to cpu.';

const loadFailures: readonly Failure[] = [
  {
    code: 'provider-unavailable',
    pattern: /ExecutionProvider_Cuda: Failed to load shared library/,
    reason: () =>
      'EXECUTION_PROVIDER is cuda, but the ONNX runtime cannot load its CUDA libraries: it is the build for the CPU, ' +
      `or CUDA 12 or cuDNN 9 is missing. ${withoutGpu}`,
  },
  {
    code: 'provider-unavailable',
    // As onnxruntime 1.30 writes it in cuda_call.cc: a machine without a GPU cannot check it.
    pattern: /CUDA failure (?<code>\d+): (?<what>[^;]+?) ;.*expr=(?:cudaSetDevice|cudaGetDeviceCount)/s,
    reason: ({ code, what }) =>
      `EXECUTION_PROVIDER is cuda, but CUDA finds no GPU that it can use (error ${code}: ${what}). ${withoutGpu}`,
  },
  { code: 'out-of-memory', pattern: noMemory, reason: () => 'the model needs more memory than there is' },
  {
    code: 'unsupported-ir-version',
    pattern: /Unsupported model IR version: (?<has>\d+), max supported IR version: (?<most>\d+)/,
    reason: ({ has, most }) =>
      `its IR version is ${has}, but the ONNX runtime supports at most ${most}. ` +
      `Export it with an older release of onnx, or set model.ir_version = ${most} and save it again.`,
  },
  {
    code: 'unsupported-opset',
    pattern: /Opset (?<has>\d+) is under development .*support for domain (?<domain>\S+) is till opset (?<most>\d+)/s,
    reason: ({ has, domain, most }) =>
      `it uses opset ${has} of ${domain}, but the ONNX runtime supports at most ${most}. Export it for opset ${most} ` +
      '(target_opset, or opset_version for torch.onnx.export), or convert it with onnx.version_converter.',
  },
  // A node in a branch or a loop's body; its name comes last.
  {
    code: 'unknown-operator',
    pattern: /No Op registered for (?<op>\S+) with domain_version of (?<version>\d+).*Name: (?<node>\S*) OpType/s,
    reason: unknownOperator,
  },
  {
    code: 'unknown-operator',
    pattern: new RegExp(
      String.raw`\("(?<node>[^"]*)", (?<op>\w+), "[^"]*", -?\d+\).*` +
        String.raw`No Op registered for \k<op> with domain_version of (?<version>\d+)`,
      's',
    ),
    reason: unknownOperator,
  },
  {
    code: 'custom-operator',
    pattern: /\("(?<node>[^"]*)", (?<op>\w+), "(?<domain>[^"]*)", -?\d+\).*No opset import for domain/s,
    reason: ({ node, op, domain }) =>
      `${nodeLabel(node, `${domain}.${op}`)} uses an operator of the domain ${domain}, which the model does not ` +
      `import and the ONNX runtime does not provide. ${withoutCustomOperators}`,
  },
  {
    code: 'custom-operator',
    pattern: /ai\.onnx\.contrib:(?<op>\w+)\(-?\d+\) is not a registered function\/op/,
    reason: ({ op }) =>
      `it uses the operator ai.onnx.contrib.${op} of onnxruntime-extensions, which Rhizome cannot load. ` +
      'Leave the tokenizer or other text step out of the graph, and send the output of that step instead.',
  },
  {
    code: 'custom-operator',
    pattern: /(?<domain>[\w.]+):(?<op>\w+)\(-?\d+\) is not a registered function\/op/,
    reason: ({ domain, op }) =>
      `it uses the custom operator ${domain}.${op}, which Rhizome cannot load. ${withoutCustomOperators}`,
  },
  {
    code: 'unsupported-type',
    pattern: noKernel,
    reason: ({ op, version, node }) =>
      `the ONNX runtime cannot run ${nodeLabel(node, op)}, version ${version}, on a CPU with the element types that ` +
      'it receives here. Export the model as float32 or float16, or with another opset.',
  },
  {
    code: 'load-failed',
    pattern: /Failed to construct locale with name:(?<locale>[^:]+):/,
    reason: ({ locale }) =>
      `a StringNormalizer node uses the locale ${locale}, which this machine does not have. Install the locale, or ` +
      'export the model with another one.',
  },
  {
    code: 'invalid-graph',
    pattern: new RegExp(
      String.raw`Type '(?<type>[^']+)' of input parameter \((?<value>[^)]*)\) ` +
        String.raw`of operator \((?<op>[^)]*)\) in node \((?<node>[^)]*)\) is invalid`,
    ),
    reason: ({ type, value, op, node }) =>
      `${nodeLabel(node, op)} receives '${value}', a ${type}, which this operator does not accept. The export is ` +
      'faulty: export the model again, with a cast before this node or from a model of another type.',
  },
  {
    code: 'invalid-graph',
    pattern: /Node input '(?<value>[^']+)' is not a graph input, initializer, or output of a previous node/,
    reason: ({ value }) =>
      `a node reads '${value}', which nothing in the graph produces. The file was created or edited incorrectly: ` +
      'export the model again.',
  },
];

/** Those of a model whose opset is too old. */
const tooOldFailures: readonly Failure[] = [
  {
    code: 'unsupported-opset',
    pattern: noKernel,
    reason: ({ op, version, node }) =>
      `${nodeLabel(node, op)} is version ${version} of this operator, which the ONNX runtime does not have: the ` +
      `model uses an opset older than ${lowestOpset}. Convert the model with onnx.version_converter, or export it ` +
      'again with a recent opset.',
  },
  ...loadFailures,
];

const runFailures: readonly Failure[] = [
  {
    code: 'out-of-memory',
    pattern: noMemory,
    reason: () => 'the model needs more memory for this input than there is',
  },
  {
    code: 'empty-sequence',
    pattern: /Name:'rhizome\/(?<output>[^']+)\/stack' .*Must have 1 or more inputs/s,
    reason: ({ output }) => `the sequence '${output}' is empty for this input, so there is no tensor to return`,
  },
  {
    code: 'ragged-sequence',
    pattern: /Name:'rhizome\/(?<output>[^']+)\/stack' Status Message: (?<message>.*)/s,
    reason: ({ output, message = '' }) =>
      `the tensors of the sequence '${output}' differ in shape, so they cannot be stacked into one tensor ` +
      `(${withoutSource(message)}). Pad them to one shape in the model, or send an input for which their shapes match.`,
  },
  // The runtime has planned to put one tensor where another was, because their dimensions have the same names.
  {
    code: 'run-failed',
    pattern: /attempting to re-use buffer\. \{(?<planned>[^}]*)\} != \{(?<actual>[^}]*)\}/,
    reason: ({ planned = '', actual = '' }) =>
      'dimensions to which the model gives the same name have different sizes, which its run does not allow: the ' +
      `shapes are [${planned.replaceAll(',', ', ')}] and [${actual.replaceAll(',', ', ')}]`,
  },
];

const withoutCustomOperators =
  "Export the model with ONNX's own operators only, or leave out the step that needs this operator.";

function unknownOperator({ op, node, version }: Readonly<Record<string, string>>): string {
  return (
    `${nodeLabel(node, op)} uses an operator that ONNX does not define in opset ${version}. The ONNX runtime ` +
    `supports opsets up to ${highestOpset}: if a later opset defines the operator, export the model with that opset; ` +
    'otherwise export it without the operator.'
  );
}

/** Replaces what the runtime writes around its reason: the node in which a run failed is named as elsewhere. */
function withoutRuntime(message: string): string {
  const nodes = [
    ...message.matchAll(
      /Non-zero status code returned while running (?<op>\S+) node\. Name:'(?<node>[^']*)' Status Message: /g,
    ),
  ];
  // The node of a branch is in the message of the node with the branches.
  const inner = nodes.at(-1);
  if (inner === undefined) return withoutSource(message);
  const { op, node = '' } = inner.groups ?? {};
  const label = node.startsWith('rhizome/') ? `the conversion of '${node}' to or from a tensor` : nodeLabel(node, op);
  return `${label} failed: ${withoutSource(message.slice(inner.index + inner[0].length))}`;
}

/** Removes the place in the runtime's own source code, and the condition there, which help nobody here. */
function withoutSource(message: string): string {
  return message
    .trim()
    .replace(/^\/\S+\.(?:cc|h):\d+ .*?\)(?: const)?(?: \[with [^\]]*\])? (?=\S)/s, '')
    .replace(/^\w+\.(?:cc|h):\d+ \w+ /, '')
    .replace(/^\[ONNXRuntimeError\] : \d+ : \w+ : /, '')
    .replace(/^[^.]* was false\. (?=\S)/, '');
}
