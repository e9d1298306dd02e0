// Which operators show the type of an output, as far as whether it is a float.

/** Operators whose first output has the type of their first input. */
export const sameType = new Set(
  (
    'Abs AveragePool Ceil Clip CumSum Dropout Expand Flatten Floor Gather GatherElements GatherND GlobalAveragePool ' +
    'GlobalMaxPool Identity MaxPool Neg Pad Pow Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ' +
    'ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu Reshape Round Sign Slice Squeeze Tile Transpose ' +
    'Unsqueeze'
  ).split(' '),
);
/** Operators whose output has the type of each of their inputs. */
export const oneType = new Set('Add Concat Div Gemm MatMul Max Mean Min Mul Sub Sum'.split(' '));
/** Operators that only exist for floats, and the index of the output that is one. */
export const floatOnly: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    (
      'BatchNormalization Conv Cos Elu Erf Exp Gelu HardSigmoid InstanceNormalization LayerNormalization LeakyRelu ' +
      'Log LogSoftmax Selu Sigmoid Sin Softmax Softplus Sqrt Tanh ai.onnx.ml.FeatureVectorizer ' +
      'ai.onnx.ml.LinearRegressor ai.onnx.ml.Normalizer ai.onnx.ml.SVMRegressor ai.onnx.ml.Scaler ' +
      'ai.onnx.ml.TreeEnsembleRegressor'
    )
      .split(' ')
      .map((name) => [name, 0]),
  ),
  'ai.onnx.ml.LinearClassifier': 1,
  'ai.onnx.ml.SVMClassifier': 1,
  'ai.onnx.ml.TreeEnsembleClassifier': 1,
};
