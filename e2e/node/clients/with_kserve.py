"""Calls every operation of a server with kserve's inference clients: with_kserve.py rest|grpc URL"""

import asyncio
import logging
import sys

import grpc
import httpx
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig
from kserve.protocol.infer_type import RequestedOutput
from tensors import COLOURS, ECHO, LABELS, SIZES, assert_same, finite

transport, url = sys.argv[1:]
# It logs each error that it raises.
logging.disable(logging.ERROR)
# Over REST each call takes the server's address.
to = (url,) if transport == "rest" else ()


def tensor(name, datatype, array, **how):
    each = InferInput(name, list(array.shape), datatype)
    each.set_data_from_numpy(array, **how)
    return each


async def infer(client, model, inputs, **options):
    request = InferRequest(model, inputs, **options)
    return await (client.infer(url, request, model_name=model) if transport == "rest" else client.infer(request))


async def refused(*args, **kwargs):
    try:
        await infer(*args, **kwargs)
    except httpx.HTTPStatusError as error:
        return str(error)
    except grpc.RpcError as error:
        return error.details()
    raise AssertionError(f"not refused: {args}")


def check(what, response, arrays):
    for name, array in arrays.items():
        assert_same(f"{name} {what}", response.get_output_by_name(f"{name}_out").as_numpy(), array)


async def main():
    # Within the event loop, which gRPC's channel belongs to.
    client = InferenceRESTClient(RESTConfig(protocol="v2")) if transport == "rest" else InferenceGRPCClient(url)
    assert await client.is_server_live(*to)
    assert await client.is_server_ready(*to)
    assert await client.is_model_ready(*to, model_name="echo")

    inputs = [tensor(name, datatype, array) for name, (datatype, array) in ECHO.items()]
    response = await infer(client, "echo", inputs, request_id="42", parameters={"binary_data_output": True})
    assert (response.id, response.model_name) == ("42", "echo")
    check("in binary", response, {name: array for name, (_, array) in ECHO.items()})

    # The client can send FP16 only in binary.
    inputs = [
        tensor(name, datatype, finite(array), binary_data=transport == "rest" and name == "float16")
        for name, (datatype, array) in ECHO.items()
    ]
    if transport == "rest":
        response = await infer(client, "echo", inputs)
        check("in JSON", response, {name: finite(array) for name, (_, array) in ECHO.items()})
        outputs = [RequestedOutput("bool_out", {"binary_data": True}), RequestedOutput("int64_out")]
        response = await infer(client, "echo", inputs, request_outputs=outputs)
        assert [output.name for output in response.outputs] == ["bool_out", "int64_out"]
        check("asked for", response, {name: ECHO[name][1] for name in ("bool", "int64")})

    # Typed contents over gRPC, JSON over REST.
    columns = [tensor("size", "FP32", SIZES, binary_data=False), tensor("colour", "BYTES", COLOURS, binary_data=False)]
    response = await infer(client, "columns", columns)
    assert response.get_output_by_name("output_label").as_numpy().tolist() == LABELS

    assert "There is no model 'rose'" in await refused(client, "rose", columns)
    assert "Input 'colour' is missing" in await refused(client, "columns", columns[:1])
    index = tensor("indices", "INT64", ECHO["int64"][1][:1].reshape(1, 1), binary_data=False)
    assert "must be within the inclusive range" in await refused(client, "gather", [index])
    await client.close()


asyncio.run(main())
