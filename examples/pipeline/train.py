"""Trains the pipeline, and writes diabetes.onnx and diabetes.csv.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python train.py
    npx rhizome add diabetes.onnx --data diabetes.csv --target progression --force

The diabetes data (B. Efron et al., 2004) comes with scikit-learn: 442 patients, and how far the disease had progressed
one year later. The same seed produces the same model.
"""

import numpy
import onnxruntime
import pandas
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

SEED = 442
data = load_diabetes(as_frame=True, scaled=False)
patients = pandas.DataFrame(
    {
        "age": data.data["age"],
        "sex": data.data["sex"].map({1: "group 1", 2: "group 2"}),  # The data does not say which is which.
        "bmi": data.data["bmi"],
        # The classes of the World Health Organization.
        "weight": pandas.cut(
            data.data["bmi"],
            [0, 18.5, 25, 30, numpy.inf],
            right=False,
            labels=["underweight", "normal", "overweight", "obese"],
        ).astype(str),
        "blood_pressure": data.data["bp"],
        "cholesterol": data.data["s1"],
        "hdl": data.data["s3"],
        "log_triglycerides": data.data["s5"],
        "glucose": data.data["s6"],
    }
)
texts = ["sex", "weight"]
numbers = [name for name in patients.columns if name not in texts]
patients[numbers] = patients[numbers].round(2)

pipeline = make_pipeline(
    make_column_transformer((OneHotEncoder(handle_unknown="ignore"), texts), (StandardScaler(), numbers)),
    Ridge(),
)
x_train, x_test, y_train, y_test = train_test_split(patients, data.target, test_size=0.25, random_state=SEED)
pipeline.fit(x_train, y_train)
r2 = r2_score(y_test, pipeline.predict(x_test))
assert r2 > 0.4, f"R² on held-out patients is {r2}, expected more than 0.4"

# One input for each column, with its name and type.
columns = [(name, StringTensorType([None, 1]) if name in texts else FloatTensorType([None, 1])) for name in patients]
model = to_onnx(pipeline, initial_types=columns).SerializeToString()

session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
feeds = {name: x_test[[name]].to_numpy(dtype=object if name in texts else numpy.float32) for name in patients}
largest = numpy.abs(session.run(None, feeds)[0].ravel() - pipeline.predict(x_test)).max()
assert largest < 1e-3, f"ONNX and scikit-learn differ by {largest}"

with open("diabetes.onnx", "wb") as file:
    file.write(model)
# `add` takes a unit in parentheses from the name of a column.
units = {"age": "years", "bmi": "kg/m²", "blood_pressure": "mm Hg"}
units |= {name: "mg/dl" for name in ("cholesterol", "hdl", "glucose")}
named = patients.rename(columns={name: f"{name} ({unit})" for name, unit in units.items()})
named.assign(progression=data.target).to_csv("diabetes.csv", index=False)
print(f"R² {r2:.2f} on {len(y_test)} held-out patients, ONNX differs by at most {largest:.1e}")
