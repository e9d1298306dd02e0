"""What the clients send to the models.

The model `echo` returns each of its inputs unchanged. ECHO has their datatypes in the protocol and their values, by
name.
"""

import numpy

ECHO = {
    "float32": ("FP32", numpy.array([0.1, numpy.nan, -numpy.inf], numpy.float32)),
    "float64": ("FP64", numpy.array([0.1, numpy.nan, 1e308], numpy.float64)),
    "float16": ("FP16", numpy.array([0.1, -2.5, 65504], numpy.float16)),
    "int8": ("INT8", numpy.array([-128, 0, 127], numpy.int8)),
    "int16": ("INT16", numpy.array([-32768, 0, 32767], numpy.int16)),
    "int32": ("INT32", numpy.array([-(2**31), 0, 2**31 - 1], numpy.int32)),
    "int64": ("INT64", numpy.array([-(2**63), 2**53 + 1, 2**63 - 1], numpy.int64)),
    "uint8": ("UINT8", numpy.array([0, 1, 255], numpy.uint8)),
    "uint16": ("UINT16", numpy.array([0, 1, 65535], numpy.uint16)),
    "uint32": ("UINT32", numpy.array([0, 1, 2**32 - 1], numpy.uint32)),
    "uint64": ("UINT64", numpy.array([0, 2**53 + 1, 2**64 - 1], numpy.uint64)),
    "bool": ("BOOL", numpy.array([True, False, True])),
    "string": ("BYTES", numpy.array(["", "é", "\U0001f33c"], object)),
}

COLOURS = numpy.array([["red"], ["blue"]], object)
SIZES = numpy.array([[1], [4]], numpy.float32)
LABELS = [0, 1]


def finite(array):
    """Without NaN and infinities, which these clients write into JSON as they are, or as null."""
    return numpy.where(numpy.isfinite(array), array, 7).astype(array.dtype) if array.dtype.kind == "f" else array


def texts(array):
    """Clients disagree on whether texts come as `str` or as UTF-8."""
    return [item.decode() if isinstance(item, bytes) else item for item in array.flatten()]


def assert_same(what, actual, expected):
    if expected.dtype == object:
        assert texts(actual) == texts(expected), f"{what}: {actual} is not {expected}"
    else:
        assert actual.dtype == expected.dtype, f"{what}: {actual.dtype} is not {expected.dtype}"
        numpy.testing.assert_array_equal(actual, expected, what)
    assert actual.shape == expected.shape, f"{what}: {actual.shape} is not {expected.shape}"
