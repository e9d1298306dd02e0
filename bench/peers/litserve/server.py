"""LitServe: one worker, with batching of what waits."""

import os

import litserve
import numpy
from onnxruntime import InferenceSession, SessionOptions

features = os.environ["FEATURES"].split(",")
classes = os.environ["CLASSES"].split(",")


class Iris(litserve.LitAPI):
    def setup(self, device):
        options = SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])

    def decode_request(self, request):
        return numpy.array([request[name] for name in features], dtype=numpy.float32)

    def batch(self, inputs):
        return numpy.stack(inputs)

    def predict(self, cells):
        return self.session.run(None, {"X": cells})

    def unbatch(self, output):
        return list(zip(*output))

    def encode_response(self, output):
        label, scores = output
        return {"prediction": classes[int(label)], "probabilities": dict(zip(classes, map(float, scores.values())))}


if __name__ == "__main__":
    api = Iris(max_batch_size=64, batch_timeout=0.001, api_path="/predictions")
    server = litserve.LitServer(api, accelerator="cpu")
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), generate_client_file=False, num_api_servers=1)
