"""MLServer: a custom inference runtime, since it has none for ONNX."""

import os

import numpy
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from onnxruntime import InferenceSession, SessionOptions


class OnnxModel(MLModel):
    async def load(self) -> bool:
        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        cells = NumpyCodec.decode_input(payload.inputs[0]).astype(numpy.float32)
        labels, scores = self._session.run(None, {"X": cells})
        probabilities = numpy.array([list(score.values()) for score in scores])
        return InferenceResponse(
            model_name=self.name,
            outputs=[
                NumpyCodec.encode_output("output_label", labels),
                NumpyCodec.encode_output("output_probability", probabilities),
            ],
        )
