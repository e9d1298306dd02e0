"""BentoML: a service with adaptive batching."""

import os

import bentoml
import numpy
from onnxruntime import InferenceSession, SessionOptions

classes = os.environ["CLASSES"].split(",")


@bentoml.service(workers=1)
class Iris:
    def __init__(self) -> None:
        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])

    @bentoml.api(batchable=True, max_batch_size=64)
    def predict(self, cells: numpy.ndarray) -> list[dict]:
        labels, scores = self.session.run(None, {"X": cells.astype(numpy.float32)})
        return [
            {"prediction": classes[int(label)], "probabilities": dict(zip(classes, map(float, score.values())))}
            for label, score in zip(labels, scores)
        ]
