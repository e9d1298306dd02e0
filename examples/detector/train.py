"""Trains a detector of handwritten digits, and writes detector.onnx and scene.jpg.

    python -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python train.py
    npx rhizome add detector.onnx --image 128 --force

In models/detector/model.json, "fit" is then "pad": a detector has to see the whole picture, which "crop" cuts.

The digits (E. Alpaydin, C. Kaynak, 1998) come with scikit-learn: 1,797 images of 8 × 8 pixels, light on dark. Scenes
are made of them, in which they have other sizes. A window slides over each scene in four sizes, and a small network
says what is in it: a digit, or nothing. The same seed produces the same model.
"""

import warnings

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image, ImageOps
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

SEED = 1797
NAMES = ["nothing", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
WINDOW = 8  # pixels, after a scene is made smaller by a factor: 24, 32, 40 and 48 pixels of the scene
FACTORS = [3, 4, 5, 6]
SIZE = 128

random = numpy.random.default_rng(SEED)
digits = load_digits()
train, test = train_test_split(
    numpy.arange(len(digits.target)), test_size=1 / 4, random_state=SEED, stratify=digits.target
)


def overlap(a, b):
    """How much of the union of boxes is in both: 1 if they are equal, 0 if they do not touch."""
    sides = numpy.minimum(a[..., 2:], b[..., 2:]) - numpy.maximum(a[..., :2], b[..., :2])
    common = sides.clip(0).prod(axis=-1)
    return common / ((a[..., 2:] - a[..., :2]).prod(axis=-1) + (b[..., 2:] - b[..., :2]).prod(axis=-1) - common)


def make_scene(indices, width=SIZE, height=SIZE, zoom=1.0, count=None):
    """Digits of several sizes on a dark ground, the boxes around them, and which digits they are."""
    pixels = random.uniform(0, 0.1) + random.normal(0, 0.02, (height, width))
    boxes, labels = [], []
    wanted = random.integers(2, 8) if count is None else count
    for _ in range(1000):
        if len(boxes) == wanted:
            break
        side = int(zoom * random.integers(24, 48))
        left, top = random.integers(0, width - side), random.integers(0, height - side)
        box = numpy.array([left, top, left + side, top + side])
        if any(overlap(box, other) > 0 for other in boxes):
            continue
        index = random.choice(indices)
        digit = Image.fromarray((digits.images[index] / 16).astype(numpy.float32))
        light = numpy.asarray(digit.resize((side, side), Image.Resampling.BICUBIC)) * random.uniform(0.7, 1)
        place = pixels[top : top + side, left : left + side]
        numpy.maximum(place, light, out=place)
        boxes.append(box)
        labels.append(digits.target[index] + 1)
    return pixels.clip(0, 1).astype(numpy.float32), numpy.array(boxes), numpy.array(labels)


def windows_of(pixels):
    """What the window sees at all places, in the order in which the graph has them."""
    seen = []
    for factor in FACTORS:
        rows = columns = SIZE // factor
        small = pixels[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor).mean(axis=(1, 3))
        seen.append(numpy.lib.stride_tricks.sliding_window_view(small, (WINDOW, WINDOW)).reshape(-1, WINDOW * WINDOW))
    return numpy.concatenate(seen)


def places():
    for factor in FACTORS:
        starts = numpy.arange(SIZE // factor - WINDOW + 1) * factor
        top, left = (each.ravel() for each in numpy.meshgrid(starts, starts, indexing="ij"))
        side = factor * WINDOW
        yield numpy.stack([left, top, left + side, top + side], axis=1)


PLACES = numpy.concatenate(list(places())).astype(numpy.float32)
scenes = []
for _ in range(600):
    pixels, boxes, labels = make_scene(train)
    overlaps = overlap(PLACES[:, None], boxes[None])
    # A window that has only a part of a digit is nothing; one that nearly fits teaches neither.
    best = overlaps.max(axis=1)
    truth = numpy.where(best > 0.6, labels[overlaps.argmax(axis=1)], numpy.where(best < 0.45, 0, -1))
    scenes.append((windows_of(pixels), truth))

# Most windows have nothing in them. The first network learns from some; the next ones also from those that fooled it.
warnings.simplefilter("ignore", ConvergenceWarning)  # it learns enough before it converges
network = MLPClassifier(hidden_layer_sizes=[64], alpha=1e-3, max_iter=25, random_state=SEED)
chosen = [(truth > 0) | ((truth == 0) & (random.random(len(truth)) < 0.02)) for _, truth in scenes]
for _ in range(3):
    x = numpy.concatenate([seen[rows] for (seen, _), rows in zip(scenes, chosen)])
    y = numpy.concatenate([truth[rows] for (_, truth), rows in zip(scenes, chosen)])
    network.fit(x, y)
    for (seen, truth), rows in zip(scenes, chosen):
        rows |= (truth == 0) & (network.predict_proba(seen)[:, 0] < 0.7)

# The same network as a graph: a window that slides is a convolution.
nodes, logits = [helper.make_node("Unsqueeze", ["places", "zero"], ["window_boxes"])], []
for factor in FACTORS:
    pool = {"kernel_shape": [factor, factor], "strides": [factor, factor]}
    nodes += [
        helper.make_node("AveragePool", ["image"], [f"small_{factor}"], **pool),
        helper.make_node("Conv", [f"small_{factor}", "weights", "bias"], [f"sums_{factor}"]),
        helper.make_node("Relu", [f"sums_{factor}"], [f"hidden_{factor}"]),
        helper.make_node("Conv", [f"hidden_{factor}", "out_weights", "out_bias"], [f"maps_{factor}"]),
        helper.make_node("Reshape", [f"maps_{factor}", "flat"], [f"logits_{factor}"]),
    ]
    logits.append(f"logits_{factor}")
nodes += [
    helper.make_node("Concat", logits, ["logits"], axis=2),
    helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    helper.make_node("Slice", ["probabilities", "one", "end", "one"], ["of_digits"]),
    helper.make_node("ReduceMax", ["of_digits"], ["window_scores"], axes=[1]),
    helper.make_node("ArgMax", ["of_digits"], ["window_digits"], axis=1),
    # Of windows that overlap, the one with the highest score remains.
    helper.make_node(
        "NonMaxSuppression", ["window_boxes", "window_scores", "most", "overlap", "least"], ["selected"]
    ),
    helper.make_node("Gather", ["selected", "two"], ["windows"], axis=1),
    helper.make_node("Gather", ["places", "windows"], ["boxes"], axis=0),
    helper.make_node("Reshape", ["window_scores", "row"], ["all_scores"]),
    helper.make_node("Gather", ["all_scores", "windows"], ["scores"], axis=0),
    helper.make_node("Reshape", ["window_digits", "row"], ["all_digits"]),
    helper.make_node("Gather", ["all_digits", "windows"], ["found"], axis=0),
    helper.make_node("Gather", ["names", "found"], ["labels"], axis=0),
]
hidden, out = (weights.astype(numpy.float32) for weights in network.coefs_)
values = {
    "weights": hidden.T.reshape(-1, 1, WINDOW, WINDOW),
    "bias": network.intercepts_[0].astype(numpy.float32),
    "out_weights": out.T.reshape(len(NAMES), -1, 1, 1),
    "out_bias": network.intercepts_[1].astype(numpy.float32),
    "places": PLACES,
    "names": numpy.array(NAMES[1:], dtype=object),
    "flat": numpy.array([1, len(NAMES), -1]),
    "row": numpy.array([-1]),
    "zero": numpy.array([0]),
    "one": numpy.array([1]),
    "two": numpy.array(2),
    "end": numpy.array([len(NAMES)]),
    "most": numpy.array([50]),
    "overlap": numpy.array([0.2], numpy.float32),
    "least": numpy.array([0.5], numpy.float32),
}
graph = helper.make_graph(
    nodes,
    "digits",
    [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, SIZE, SIZE])],
    [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["objects", 4]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["objects"]),
        helper.make_tensor_value_info("labels", TensorProto.STRING, ["objects"]),
    ],
    [numpy_helper.from_array(array, name) for name, array in values.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model)
onnx.save(model, "detector.onnx")

session = onnxruntime.InferenceSession("detector.onnx", providers=["CPUExecutionProvider"])


def detect(pixels):
    return session.run(["boxes", "scores", "labels"], {"image": pixels[None, None]})


def count_right(boxes, labels, found, names, least=0.5):
    """Counts the digits that were found: with the right name, at the right place."""
    return sum(
        (overlap(box, found)[numpy.array(names) == NAMES[label]] > least).any() for box, label in zip(boxes, labels)
    )


there = reported = right = 0
for _ in range(200):
    pixels, boxes, labels = make_scene(test)
    found, _, names = detect(pixels)
    there, reported = there + len(boxes), reported + len(found)
    right += count_right(boxes, labels, found, names)
recall, precision = right / there, right / reported
assert min(recall, precision) > 0.85, f"recall {recall}, precision {precision}, expected more than 0.85"

# A picture in which it finds everything closely, with scores that are clearly in order: processors round differently.
# Rhizome makes it as large as the input, with borders above and below.
random = numpy.random.default_rng(SEED)
ZOOM = 480 / SIZE
BORDER = (SIZE - 320 / ZOOM) / 2
while True:
    pixels, boxes, labels = make_scene(test, 480, 320, ZOOM, count=5)
    if len(set(labels)) < 5:
        continue
    Image.fromarray((pixels * 255).astype(numpy.uint8)).save("scene.jpg", quality=80)
    with Image.open("scene.jpg") as file:
        small = ImageOps.pad(file, (SIZE, SIZE), Image.Resampling.BILINEAR)
    found, scores, names = detect(numpy.asarray(small, numpy.float32) / 255)
    close = count_right(boxes / ZOOM + [0, BORDER, 0, BORDER], labels, found, names, least=0.7)
    if len(found) == close == 5 and numpy.diff(scores).max() < -0.01:
        break
print(f"recall {recall:.3f}, precision {precision:.3f} for {there} held-out digits in 200 scenes")
