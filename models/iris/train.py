"""Trains the iris classifier, and writes model.onnx and model.json next to this file.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python train.py

The iris data (R. A. Fisher, 1936) comes with scikit-learn. The same seed produces the same model. The export uses
skl2onnx's defaults, so its last node is a ZipMap.
"""

import json
from bisect import bisect_right
from pathlib import Path

import numpy
import onnxruntime
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = Path(__file__).parent
SEED = 36
iris = load_iris()
classes = [str(name) for name in iris.target_names]
features = [name.removesuffix(" (cm)").replace(" ", "_") for name in iris.feature_names]

x = iris.data.astype(numpy.float32)
x_train, x_test, y_train, y_test = train_test_split(
    x, iris.target, test_size=1 / 3, random_state=SEED, stratify=iris.target
)
classifier = make_pipeline(StandardScaler(), LogisticRegression()).fit(x_train, y_train)
accuracy = accuracy_score(y_test, classifier.predict(x_test))
assert accuracy >= 0.95, f"the accuracy on held-out data is {accuracy}, expected at least 0.95"

model = to_onnx(classifier, x[:1])
(HERE / "model.onnx").write_bytes(model.SerializeToString())

# One held-out example of each class, with the probabilities from scikit-learn, which readiness checks reproduce.
rows = x_test[[int(numpy.flatnonzero(y_test == label)[0]) for label in range(len(classes))]]
probabilities = classifier.predict_proba(rows)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
onnx_probabilities = session.run(None, {"X": rows})[1]
largest = max(abs(row[c] - p[c]) for row, p in zip(onnx_probabilities, probabilities) for c in range(len(classes)))
assert largest < 1e-5, f"ONNX and scikit-learn differ by {largest}"


def distribution(values):
    """Returns the shares of ten bins with about as many values each, as `rhizome add --data` does."""
    ordered = sorted(round(float(value), 1) for value in values)
    count = len(ordered)
    bounds = sorted({ordered[count * decile // 10] for decile in range(1, 10)} - {ordered[-1]})
    up_to = [bisect_right(ordered, bound) for bound in bounds] + [count]
    return {"bounds": bounds, "shares": [round((b - a) / count, 4) for a, b in zip([0] + up_to, up_to)]}


predicted = numpy.bincount(classifier.predict(x), minlength=len(classes)) / len(x)
signature = {
    "$schema": "../../onnx/signature/model.schema.json",
    "name": "iris",
    "version": "1",
    "description": "The species of an iris from the size of its sepals and petals (Fisher, 1936).",
    "features": [
        {
            "name": name,
            "unit": "cm",
            "range": [round(float(column.min()), 1), round(float(column.max()), 1)],
            "distribution": distribution(column),
        }
        for name, column in zip(features, x.T)
    ],
    "classes": classes,
    "distribution": {"shares": [round(float(share), 4) for share in predicted]},
    "metrics": {"accuracy": {"value": round(float(accuracy), 4), "data": f"{len(y_test)} flowers held out of 150"}},
    "examples": [
        {
            "input": {name: round(float(value), 1) for name, value in zip(features, row)},
            "prediction": classes[int(p.argmax())],
            "probabilities": {name: round(float(value), 6) for name, value in zip(classes, p)},
        }
        for row, p in zip(rows, probabilities)
    ],
}
(HERE / "model.json").write_text(json.dumps(signature, indent=2) + "\n")
print(f"accuracy {accuracy:.4f} on {len(y_test)} held-out flowers, ONNX differs by at most {largest:.1e}")
