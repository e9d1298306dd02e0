"""Calls every operation of a server with tritonclient and its defaults, which are binary:

with_tritonclient.py http|grpc HOST:PORT VERSION
"""

import importlib
import queue
import sys

from tensors import COLOURS, ECHO, LABELS, SIZES, assert_same, finite
from tritonclient.utils import InferenceServerException

transport, address, version = sys.argv[1:]
module = importlib.import_module(f"tritonclient.{transport}")
client = module.InferenceServerClient(address)
as_json = {"as_json": True} if transport == "grpc" else {}


def tensor(name, datatype, array, **how):
    return module.InferInput(name, list(array.shape), datatype).set_data_from_numpy(array, **how)


def refused(*args, call=client.infer, **kwargs):
    try:
        call(*args, **kwargs)
    except InferenceServerException as error:
        return error.message()
    raise AssertionError(f"not refused: {args}")


def shapes(tensors):
    return {each["name"]: (each["datatype"], [int(size) for size in each["shape"]]) for each in tensors}


assert client.is_server_live()
assert client.is_server_ready()
assert client.is_model_ready("echo")
assert client.is_model_ready("echo", "1")
if transport == "http":
    assert not client.is_model_ready("rose")
else:
    assert "There is no model 'rose'" in refused("rose", call=client.is_model_ready)

server = client.get_server_metadata(**as_json)
assert (server["name"], server["version"]) == ("rhizome", version), server
assert {"binary_tensor_data", "model_configuration", "statistics"} <= set(server["extensions"]), server
metadata = client.get_model_metadata("columns", **as_json)
assert metadata["versions"] == ["1"], metadata
assert shapes(metadata["inputs"]) == {"colour": ("BYTES", [-1, 1]), "size": ("FP32", [-1, 1])}, metadata
index = client.get_model_repository_index(**as_json)
index = index["models"] if transport == "grpc" else index
states = {(each["name"], each["state"]) for each in index}
assert states == {("columns", "READY"), ("echo", "READY"), ("gather", "READY")}, index

# In protobuf's JSON, zeros are missing and large integers are text.
for version_ in ("", "1"):
    config = client.get_model_config("columns", version_, **as_json)
    config = config["config"] if transport == "grpc" else config
    assert (config["platform"], config["backend"]) == ("onnxruntime_onnx", "onnxruntime"), config
    assert (config["max_batch_size"], config["dynamic_batching"]["preferred_batch_size"]) == (64, [64]), config
    described = {each["name"]: (each["data_type"], [int(size) for size in each["dims"]]) for each in config["input"]}
    assert described == {"colour": ("TYPE_STRING", [1]), "size": ("TYPE_FP32", [1])}, config
    assert [each["kind"] for each in config["instance_group"]] == ["KIND_CPU"], config


def statistics(*args):
    found = client.get_inference_statistics(*args, **as_json)["model_stats"]
    return {(each["name"], each["version"]): each for each in found}


def counts(of):
    inference = {name: int(sum_.get("count", 0)) for name, sum_ in of["inference_stats"].items()}
    return {**inference, "rows": int(of.get("inference_count", 0)), "runs": int(of.get("execution_count", 0))}


def added(before, after):
    return {name: count - before[name] for name, count in after.items()}


assert set(statistics()) == {("columns", "1"), ("echo", "1"), ("gather", "1")}, statistics()
before = counts(statistics("columns")["columns", "1"])
columns = [tensor("size", "FP32", SIZES), tensor("colour", "BYTES", COLOURS)]
for _ in range(5):
    client.infer("columns", columns)
assert "Input 'colour' is missing" in refused("columns", columns[:1])
after = statistics("columns", "1")["columns", "1"]
assert added(before, counts(after)) == {
    **dict.fromkeys(["success", "queue", "compute_input", "compute_infer", "runs"], 5),
    **dict.fromkeys(["compute_output", "cache_hit", "cache_miss"], 0),
    "fail": 1,
    "rows": 5 * len(SIZES),
}, after
assert len(SIZES) in [int(each["batch_size"]) for each in after["batch_stats"]], after
assert int(after["inference_stats"]["compute_infer"]["ns"]) > 0, after
for call in (client.get_model_config, client.get_inference_statistics):
    assert "There is no model 'rose'" in refused("rose", call=call)
    assert "has no version '7'" in refused("columns", "7", call=call)

inputs = [tensor(name, datatype, array) for name, (datatype, array) in ECHO.items()]
result = client.infer("echo", inputs, request_id="42")
assert (result.get_response(**as_json)["id"], result.get_response(**as_json)["model_version"]) == ("42", "1")
for name, (_, array) in ECHO.items():
    assert_same(name, result.as_numpy(f"{name}_out"), array)

# Only the requested outputs, in the order of the request.
outputs = [module.InferRequestedOutput(f"{name}_out") for name in ("string", "float16")]
result = client.infer("echo", inputs, outputs=outputs)
assert [each["name"] for each in result.get_response(**as_json)["outputs"]] == ["string_out", "float16_out"]
assert_same("float16", result.as_numpy("float16_out"), ECHO["float16"][1])
assert result.as_numpy("int8_out") is None

# Compressed. Over HTTP, the response too, if it is large.
encodings = []
if transport == "http":
    post = client._post

    def recording_post(**request):
        response = post(**request)
        encodings.append(response.get("Content-Encoding"))
        return response

    client._post = recording_post
for repeats in (1, 2000):
    tensors = {name: (datatype, array.repeat(repeats)) for name, (datatype, array) in ECHO.items()}
    inputs = [tensor(name, datatype, array) for name, (datatype, array) in tensors.items()]
    for algorithm, other in (("gzip", "deflate"), ("deflate", "gzip")):
        if transport == "http":
            how = {"request_compression_algorithm": algorithm, "response_compression_algorithm": other}
        else:
            how = {"compression_algorithm": algorithm}
        result = client.infer("echo", inputs, **how)
        for name, (_, array) in tensors.items():
            assert_same(f"{name} with {algorithm}", result.as_numpy(f"{name}_out"), array)
if transport == "http":
    client._post = post
    assert encodings == [None, None, "deflate", "gzip"], encodings

# A stream: one response to each request, in order, errors included.
if transport == "grpc":
    responses = queue.Queue()
    size, colour = tensor("size", "FP32", SIZES), tensor("colour", "BYTES", COLOURS)
    for algorithm in (None, "gzip"):
        client.start_stream(lambda result, error: responses.put((result, error)), compression_algorithm=algorithm)
        for number in range(40):
            client.async_stream_infer("columns", [size, colour] if number % 10 else [size], request_id=str(number))
        for number in range(40):
            result, error = responses.get(timeout=30)
            if number % 10:
                assert error is None, error
                response = result.get_response()
                assert (response.id, response.parameters["triton_final_response"].bool_param) == (str(number), True)
                assert result.as_numpy("output_label").tolist() == LABELS
            else:
                assert "Input 'colour' is missing" in error.message(), error
        client.stop_stream()
    client.start_stream(lambda result, error: responses.put((result, error)), headers={"triton_grpc_error": "true"})
    client.async_stream_infer("columns", [size])
    _, error = responses.get(timeout=30)
    assert error.status() == "StatusCode.INVALID_ARGUMENT", error
    client.stop_stream()

if transport == "http":
    inputs = [tensor(name, datatype, finite(array), binary_data=False) for name, (datatype, array) in ECHO.items()]
    outputs = [module.InferRequestedOutput(f"{name}_out", binary_data=name == "bool") for name in ECHO]
    result = client.infer("echo", inputs, outputs=outputs)
    for name, (_, array) in ECHO.items():
        assert_same(f"{name} in JSON", result.as_numpy(f"{name}_out"), finite(array))
    # NaN and infinities come back in JSON by name, which numpy reads.
    inputs = [tensor(name, datatype, array) for name, (datatype, array) in ECHO.items()]
    result = client.infer("echo", inputs, outputs=[module.InferRequestedOutput("float32_out", binary_data=False)])
    assert_same("float32 in JSON", result.as_numpy("float32_out"), ECHO["float32"][1])

result = client.infer("columns", [tensor("size", "FP32", SIZES), tensor("colour", "BYTES", COLOURS)], model_version="1")
assert result.as_numpy("output_label").tolist() == LABELS

size = tensor("size", "FP32", SIZES)
assert "There is no model 'rose'" in refused("rose", [size])
assert "has no version '7'" in refused("columns", [size], model_version="7")
assert "Input 'colour' is missing" in refused("columns", [size])
wider = [tensor("size", "FP64", SIZES.astype("float64")), tensor("colour", "BYTES", COLOURS)]
assert "Input 'size': its dtype is float64" in refused("columns", wider)
assert "There is no output 'lost'" in refused("echo", inputs, outputs=[module.InferRequestedOutput("lost")])
found = ECHO["int64"][1][:1].reshape(1, 1)
assert "must be within the inclusive range" in refused("gather", [tensor("indices", "INT64", found)])
