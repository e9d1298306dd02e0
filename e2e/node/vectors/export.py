"""Writes the ONNX project's test vectors that Python's onnxruntime runs right, for e2e/node/onnx-vectors.test.ts:

    python export.py FOLDER

FOLDER/models/NAME/model.onnx is a model, FOLDER/vectors.json lists what goes in and what comes out, and
FOLDER/tensors.bin holds the elements. Element types that clients cannot send are written as those that replace them.
"""

import json
import os
import pickle
import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnx.backend.test.loader import load_model_tests
from onnx.backend.test.runner import Runner

KINDS = ["node", "simple", "pytorch-converted", "pytorch-operator"]
# What the runtime supports. The vectors declare the versions of the installed onnx, whether they need them or not.
IR_VERSION, OPSET = 13, 26
# numpy has no such types; they are passed as bits.
AS_BITS = ("bfloat16", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2", "float8_e5m2fnuz", "float8_e8m0fnu")
WIDER = {name: "float32" for name in AS_BITS} | {"int4": "int8", "int2": "int8", "uint4": "uint8", "uint2": "uint8"}
# Their outputs are random.
RANDOM = ("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike")


def plain(value):
    """Returns numpy's arrays for ONNX's messages, in lists for sequences; None for an absent value."""
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    return value if value is None else numpy.asarray(value)


def model_of(case):
    model = case.model or onnx.load(Path(case.model_dir) / "model.onnx")
    model.ir_version = min(model.ir_version, IR_VERSION)
    for imports in [model.opset_import, *[function.opset_import for function in model.functions]]:
        for opset in imports:
            if opset.domain in ("", "ai.onnx"):
                opset.version = min(opset.version, OPSET)
    return model


def sets_of(case, model):
    """Yields the inputs and the expected outputs of each data set."""
    if case.model is not None:
        for inputs, outputs in case.data_sets:
            yield plain(inputs), plain(outputs)
        return
    weights = {weight.name for weight in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    for folder in sorted(Path(case.model_dir).glob("test_data_set_*")):
        yield (
            [read(folder / f"input_{index}.pb", value) for index, value in enumerate(inputs)],
            [read(folder / f"output_{index}.pb", value) for index, value in enumerate(model.graph.output)],
        )


def read(path, value):
    kinds = {
        "tensor_type": (onnx.TensorProto, numpy_helper.to_array),
        "sequence_type": (onnx.SequenceProto, numpy_helper.to_list),
        "optional_type": (onnx.OptionalProto, numpy_helper.to_optional),
    }
    message, convert = kinds[value.type.WhichOneof("value")]
    return convert(message.FromString(path.read_bytes()))


def feed(value):
    if not isinstance(value, numpy.ndarray):
        return value
    if value.dtype.name not in AS_BITS:
        return onnxruntime.OrtValue.ortvalue_from_numpy(value)
    bits = value.view(numpy.uint16 if value.dtype.itemsize == 2 else numpy.uint8)
    return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(bits, helper.np_dtype_to_tensor_dtype(value.dtype))


def same_type(value, wanted):
    """Gives the bits that the runtime returns for a type that numpy lacks their type back."""
    if isinstance(value, list):
        return [same_type(*each) for each in zip(value, wanted)]
    return value.view(wanted.dtype) if wanted.dtype.name in AS_BITS and value.dtype.name != wanted.dtype.name else value


def run(model, case):
    """Returns what goes in and what Python's onnxruntime returns, for each data set. Raises if it is not right."""
    with_locale = onnx.ModelProto.FromString(model.SerializeToString())
    for node in with_locale.graph.node:
        if node.op_type == "StringNormalizer":
            # Not every machine has the one that the vectors ask for.
            others = [attribute for attribute in node.attribute if attribute.name != "locale"]
            del node.attribute[:]
            node.attribute.extend([*others, helper.make_attribute("locale", "C.UTF-8")])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(with_locale.SerializeToString(), options, ["CPUExecutionProvider"])
    results = []
    for inputs, wanted in sets_of(case, model):
        names = [each.name for each in session.get_inputs()]
        feeds = dict(zip(names, inputs))
        if any(isinstance(value, numpy.ndarray) and value.dtype.name in AS_BITS for value in inputs):
            values = session.run_with_ort_values(None, {name: feed(value) for name, value in feeds.items()})
            outputs = [value.numpy() for value in values]
        else:
            outputs = session.run(None, feeds)
        outputs = [same_type(*each) for each in zip(outputs, wanted)]
        Runner.assert_similar_outputs(wanted, outputs, case.rtol, case.atol)
        results.append((feeds, dict(zip([each.name for each in session.get_outputs()], outputs))))
    return results


def run_apart(model, case):
    """Runs a case in a process apart, since the runtime may crash. Returns None if it does not run right."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            results = run(model, case)
        except BaseException:
            results = None
        with os.fdopen(writer, "wb") as file:
            pickle.dump(results, file)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        results = file.read()
    _, status = os.waitpid(child, 0)
    return pickle.loads(results) if status == 0 else None


def main(folder):
    onnxruntime.set_default_logger_severity(4)
    vectors = []
    with open(folder / "tensors.bin", "wb") as tensors:

        def described(value):
            if value is None:
                return None
            if isinstance(value, list):
                return [described(each) for each in value]
            if value.dtype.kind in "OUS":
                texts = [each.decode() if isinstance(each, bytes) else str(each) for each in value.ravel().tolist()]
                return {"dtype": "string", "shape": value.shape, "texts": texts}
            value = value.astype(WIDER.get(value.dtype.name, value.dtype.name))
            # So that each tensor is aligned.
            tensors.write(bytes(-tensors.tell() % 8))
            start = tensors.tell()
            tensors.write(value.tobytes())
            return {"dtype": value.dtype.name, "shape": value.shape, "start": start, "end": tensors.tell()}

        for kind in KINDS:
            for case in sorted(load_model_tests(kind=kind), key=lambda each: each.name):
                model = model_of(case)
                if any(node.op_type in RANDOM for node in model.graph.node):
                    continue
                results = run_apart(model, case)
                if results is None:
                    continue
                name = f"{kind}-{case.name.removeprefix('test_')}"
                (folder / "models" / name).mkdir(parents=True)
                (folder / "models" / name / "model.onnx").write_bytes(model.SerializeToString())
                sets = [[{key: described(value) for key, value in side.items()} for side in each] for each in results]
                vectors.append({"name": name, "rtol": case.rtol, "atol": case.atol, "sets": sets})
    (folder / "vectors.json").write_text(json.dumps(vectors))
    print(f"{len(vectors)} vectors", file=sys.stderr)


main(Path(sys.argv[1]))
