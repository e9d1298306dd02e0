/** What is known about the operators of ONNX. Models may also consist of others, such as those of the runtime. */

const words = (text: string): string[] => text.trim().split(/\s+/);

/**
 * Operators that take anything from microseconds to seconds, or whose attributes determine how much memory they need.
 * A model with one of them is measured in a process of its own before it may run on the event loop.
 */
export const costly: ReadonlySet<string> = new Set(
  words(`
    AveragePool Conv ConvInteger ConvTranspose GRU LSTM LpPool MaxPool OneHot Pad QLinearConv RNN Resize Upsample
    com.microsoft.QLinearConv
  `),
);

/**
 * Operators whose runs end, and need no more memory than their inputs suggest. The others have loops (Loop, Scan,
 * SequenceMap, beam search), create tensors of any size (RandomNormal, EyeLike, HannWindow), or are not known.
 */
export const harmless: ReadonlySet<string> = new Set([
  ...costly,
  ...words(`
    Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh BatchNormalization BitShift BitwiseAnd BitwiseNot
    BitwiseOr BitwiseXor Cast CastLike Ceil Celu Clip Compress Concat ConcatFromSequence Constant ConstantOfShape Cos
    Cosh CumSum DepthToSpace DequantizeLinear Div Dropout DynamicQuantizeLinear Elu Equal Erf Exp Expand Flatten Floor
    Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool Greater GreaterOrEqual GroupNormalization
    HardSigmoid HardSwish Hardmax Identity If InstanceNormalization IsInf IsNaN LRN LayerNormalization LeakyRelu Less
    LessOrEqual Log LogSoftmax LpNormalization MatMul MatMulInteger Max Mean MeanVarianceNormalization Min Mish Mod Mul
    Neg NonZero Not Optional OptionalGetElement OptionalHasElement Or PRelu Pow QLinearMatMul QuantizeLinear
    RMSNormalization Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin
    ReduceProd ReduceSum ReduceSumSquare Relu Reshape Round Scatter ScatterElements ScatterND Selu SequenceAt
    SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength Shape Shrink Sigmoid Sign Sin Sinh Size
    Slice Softmax Softplus Softsign SpaceToDepth Split SplitToSequence Sqrt Squeeze StringConcat StringNormalizer
    StringSplit Sub Sum Swish Tan Tanh TfIdfVectorizer ThresholdedRelu Tile TopK Transpose Trilu Unique Unsqueeze Where
    Xor
  `),
  ...words(`
    ArrayFeatureExtractor Binarizer CategoryMapper DictVectorizer FeatureVectorizer Imputer LabelEncoder
    LinearClassifier LinearRegressor Normalizer OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsemble
    TreeEnsembleClassifier TreeEnsembleRegressor ZipMap
  `).map((name) => `ai.onnx.ml.${name}`),
]);
