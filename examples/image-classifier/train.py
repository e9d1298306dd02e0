"""Trains a classifier of handwritten digits, and writes digits.onnx, three.jpg and seven.jpg.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python train.py
    npx rhizome add digits.onnx --image 8 --classes zero,one,two,three,four,five,six,seven,eight,nine --force

The digits (E. Alpaydin, C. Kaynak, 1998) come with scikit-learn: 1,797 images of 8 × 8 pixels, light on dark. The same
seed produces the same model.
"""

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

SEED = 1797
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
digits = load_digits()
# From 0 to 1, as Rhizome scales the pixels of an image.
x = (digits.images / 16).astype(numpy.float32)
x_train, x_test, y_train, y_test = train_test_split(
    x, digits.target, test_size=1 / 4, random_state=SEED, stratify=digits.target
)
network = MLPClassifier(hidden_layer_sizes=[64], alpha=0.1, max_iter=1000, random_state=SEED)
network.fit(x_train.reshape(-1, 64), y_train)

# The same network with images as its input: one channel, for gray.
nodes = [
    helper.make_node("Flatten", ["image"], ["pixels"]),
    helper.make_node("Gemm", ["pixels", "weights", "bias"], ["sums"]),
    helper.make_node("Relu", ["sums"], ["hidden"]),
    helper.make_node("Gemm", ["hidden", "out_weights", "out_bias"], ["logits"]),
]
values = {
    "weights": network.coefs_[0],
    "bias": network.intercepts_[0],
    "out_weights": network.coefs_[1],
    "out_bias": network.intercepts_[1],
}
graph = helper.make_graph(
    nodes,
    "digits",
    [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 8, 8])],
    [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", len(NAMES)])],
    [numpy_helper.from_array(array.astype(numpy.float32), name) for name, array in values.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model)
onnx.save(model, "digits.onnx")

session = onnxruntime.InferenceSession("digits.onnx", providers=["CPUExecutionProvider"])


def classify(images):
    return session.run(None, {"image": images[:, None]})[0].argmax(axis=1)


accuracy = (classify(x_test) == y_test).mean()
assert accuracy > 0.95, f"the accuracy on held-out digits is {accuracy}, expected more than 0.95"

# Two held-out digits in the size of a picture. Decoding one makes the 8 × 8 pixels of it again, or nearly.
for digit in 3, 7:
    pixels = x_test[y_test == digit][0]
    image = Image.fromarray((pixels * 255).astype(numpy.uint8)).resize((160, 160), Image.Resampling.BICUBIC)
    image.save(f"{NAMES[digit]}.jpg", quality=80)
    with Image.open(f"{NAMES[digit]}.jpg") as file:
        small = numpy.asarray(file.resize((8, 8), Image.Resampling.BILINEAR), numpy.float32) / 255
    assert classify(small[None])[0] == digit, f"{NAMES[digit]}.jpg is not classified as {NAMES[digit]}"
print(f"accuracy {accuracy:.3f} on {len(y_test)} held-out digits")
