"""Trains two models of the same wines, and writes linear.onnx, forest.onnx and wine.csv.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python train.py
    columns=alcohol,flavanoids,color_intensity,proline
    for model in linear forest; do
      npx rhizome add $model.onnx --name wine-$model --features $columns --data wine.csv --target cultivar --force
    done

The wine data (M. Forina et al., 1991) comes with scikit-learn: 178 wines of three cultivars. The same seed produces the
same models.
"""

import numpy
import onnxruntime
from skl2onnx import to_onnx
from sklearn.datasets import load_wine
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEED = 178
FEATURES = ["alcohol", "flavanoids", "color_intensity", "proline"]
wine = load_wine(as_frame=True)
x = wine.data[FEATURES].astype(numpy.float32)
cultivar = wine.target.map(lambda label: f"cultivar {label + 1}")
x_train, x_test, y_train, y_test = train_test_split(x, cultivar, test_size=1 / 3, random_state=SEED, stratify=cultivar)

models = {
    "linear": make_pipeline(StandardScaler(), LogisticRegression()),
    "forest": ExtraTreesClassifier(n_estimators=20, max_depth=5, random_state=SEED),
}
for name, model in models.items():
    model.fit(x_train.to_numpy(), y_train)
    accuracy = model.score(x_test.to_numpy(), y_test)
    assert accuracy > 0.9, f"the accuracy of {name} on held-out wines is {accuracy}, expected more than 0.9"
    onnx = to_onnx(model, x_train.to_numpy()[:1]).SerializeToString()
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    predicted = session.run(None, {session.get_inputs()[0].name: x_test.to_numpy()})[0]
    assert list(predicted) == list(model.predict(x_test.to_numpy())), f"ONNX and scikit-learn differ for {name}"
    with open(f"{name}.onnx", "wb") as file:
        file.write(onnx)
    print(f"{name}: accuracy {accuracy:.3f} on {len(y_test)} held-out wines, {len(onnx) // 1000} kB")

x.round(2).rename(columns={"alcohol": "alcohol (% vol)"}).assign(cultivar=cultivar).to_csv("wine.csv", index=False)
