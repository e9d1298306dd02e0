"""FastAPI: asynchronous routes, a pydantic model per row, one run per request, served by uvicorn."""

import os

import numpy
from fastapi import FastAPI
from onnxruntime import InferenceSession, SessionOptions
from pydantic import create_model

features = os.environ["FEATURES"].split(",")
classes = os.environ["CLASSES"].split(",")
options = SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
Row = create_model("Row", **{name: (float, ...) for name in features})
app = FastAPI()


def run(rows):
    cells = numpy.array([[getattr(row, name) for name in features] for row in rows], dtype=numpy.float32)
    labels, scores = session.run(None, {"X": cells})
    return [
        {
            "prediction": classes[int(label)],
            # A ZipMap returns a dictionary per row, other classifiers a row of an array.
            "probabilities": dict(
                zip(classes, map(float, score.values() if isinstance(score, dict) else score))
            ),
        }
        for label, score in zip(labels, scores)
    ]


@app.get("/readyz")
async def readyz():
    return {"ready": True}


@app.post("/predictions")
async def predict(row: Row):
    return run([row])[0]


@app.post("/batches")
async def predict_batch(rows: list[Row]):
    return run(rows)
