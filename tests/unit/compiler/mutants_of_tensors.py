"""Broken tensors: shapes, types, buffers, quantisation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tests.unit.compiler.mutation import Change, Row, buffer, put, quantization, tensor


def tensors() -> Iterator[Row]:
    def shape(name: str, *sizes: int) -> Change:
        return lambda m: put(tensor(m, name), shape=list(sizes), shapeSignature=None)

    big = 2**31 - 1
    for name, sizes, what in (
        ("x", (1, 0, 8, 1), "dimension 1 is 0"),
        ("x", (0, 8, 8, 1), "dimension 0 is 0"),
        ("conv", (1, 8, -8, 4), "dimension 2 is -8"),
        ("conv", (1, 8, 8, -(2**31)), "dimension 3 is -2147483648"),
        ("y", (1, 0), "dimension 1 is 0"),
        ("conv", (65536, 65536, 65536, 65536), "the limit is"),
        ("conv", (big, big, big, big), "the limit is"),
        ("depthwise", (1, 46341, 46341, 4), "the limit is"),
        ("depthwise", (1, 2**30, 4, 1), "the limit is"),
        ("pool", (1,) * 9, "9 dimensions; the limit is 8"),
        ("conv/weights", (4, 3, 3, 2), "its buffer has 36 bytes"),
        ("conv/weights", (4, 3, 3, 0), "must agree"),
        ("conv/weights", (big, big, 3, 3), "must agree"),
        ("conv/weights", (-4, -3, 3, 1), "must agree"),
        ("conv/bias", (5,), "its buffer has 16 bytes"),
        ("dense/weights", (3, 17), "its buffer has 48 bytes"),
        ("dense/weights", (3, 15), "its buffer has 48 bytes"),
        ("shape", (3,), "its buffer has 8 bytes"),
    ):
        yield "cnn", f"shape {name} {sizes}", f"'{name}'", what, shape(name, *sizes)

    for code, what in (
        (5, "is string"),
        (8, "is complex64"),
        (10, "is float64"),
        (11, "is complex128"),
        (12, "is uint64"),
        (13, "is resource"),
        (14, "is variant"),
        (15, "is uint32"),
        (16, "is uint16"),
        (18, "is bfloat16"),
        (99, "is number 99"),
        (-1, "is number -1"),
    ):
        yield (
            "cnn",
            f"type {code}",
            "'conv'",
            what,
            lambda m, c=code: put(tensor(m, "conv"), type=c),
        )

    def sparse(m: Any) -> None:
        tensor(m, "dense/weights").sparsity = schema.SparsityParametersT()

    def variant(m: Any) -> None:
        tensor(m, "conv").variantTensors = [schema.VariantSubTypeT()]

    def signature(name: str, *sizes: int) -> Change:
        return lambda m: put(tensor(m, name), shapeSignature=list(sizes))

    def variable(m: Any) -> None:
        tensor(m, "conv").isVariable = True

    yield "cnn", "variable", "'conv'", "a variable", variable
    yield "cnn", "sparse", "'dense/weights'", "stored sparse", sparse
    yield "cnn", "variant", "'conv'", "holds other tensors", variant
    yield (
        "cnn",
        "external",
        "'dense/weights'",
        "outside the file",
        lambda m: put(tensor(m, "dense/weights"), externalBuffer=1),
    )
    for sizes, what in (
        ((1, -1, 8, 1), "dimension 1 is left open"),
        ((1, 8, 8, -1), "dimension 3 is left open"),
        ((-1, -1, -1, -1), "dimension 1 is left open"),
        ((1, 8, 8), "3 in its signature"),
        ((1, 9, 8, 1), "9 in its signature"),
    ):
        yield "cnn", f"signature {sizes}", "'x'", what, signature("x", *sizes)
    yield (
        "cnn",
        "batch of 4 left open",
        "'x'",
        "dimension 0 is left open",
        lambda m: put(tensor(m, "x"), shape=[4, 8, 8, 1], shapeSignature=[-1, 8, 8, 1]),
    )


def constants() -> Iterator[Row]:
    def data(name: str, size: int) -> Change:
        return lambda m: put(buffer(m, name), data=np.zeros(size, np.uint8))

    for name, size in (
        ("conv/weights", 35),
        ("conv/weights", 37),
        ("conv/weights", 1),
        ("conv/bias", 15),
        ("conv/bias", 4),
        ("dense/weights", 47),
        ("dense/weights", 48 * 4),
        ("dense/bias", 13),
        ("shape", 7),
    ):
        what = f"its buffer has {size} bytes"
        yield "cnn", f"buffer of {size}", f"'{name}'", what, data(name, size)
    for name, op in (
        ("conv/weights", "op 0 CONV_2D"),
        ("depthwise/weights", "op 1 DEPTHWISE_CONV_2D"),
        ("dense/weights", "op 4 FULLY_CONNECTED"),
        ("dense/bias", "op 4 FULLY_CONNECTED"),
    ):
        yield (
            "cnn",
            f"null buffer of {name}",
            op,
            "nothing writes",
            lambda m, n=name: put(buffer(m, n), data=None),
        )
        yield (
            "cnn",
            f"empty buffer of {name}",
            op,
            "nothing writes",
            lambda m, n=name: put(buffer(m, n), data=np.zeros(0, np.uint8)),
        )
    for index in (99, 2**31, 2**32 - 1):
        yield (
            "cnn",
            f"buffer {index}",
            "'conv/weights'",
            f"its buffer is {index}",
            lambda m, i=index: put(tensor(m, "conv/weights"), buffer=i),
        )
    yield (
        "cnn",
        "activation's buffer out of range",
        "'conv'",
        "its buffer is 55",
        lambda m: put(tensor(m, "conv"), buffer=55),
    )
    yield "cnn", "no buffers", "'x'", "the file has 0 buffers", lambda m: put(m, buffers=[])

    def filled_zero(m: Any) -> None:
        m.buffers[0].data = np.zeros(256, np.uint8)

    yield "cnn", "buffer 0 has bytes", "'x'", "buffer 0 has 256 bytes", filled_zero
    for offset in (2, 2**32, 2**63):
        yield (
            "cnn",
            f"data at offset {offset}",
            "'dense/weights'",
            "behind the model",
            lambda m, o=offset: put(buffer(m, "dense/weights"), data=None, offset=o, size=48),
        )

    def nan(m: Any) -> None:
        values = np.full(48, np.nan, "<f4")
        buffer(m, "weights").data = values.view(np.uint8)

    yield "floats", "NaN weights", "'weights'", "48 of its constants are NaN", nan


def quantizations() -> Iterator[Row]:
    for scale in (0.0, -0.5, float("nan"), float("inf"), float("-inf"), -0.0):
        for name in ("x", "conv", "y"):
            yield (
                "cnn",
                f"scale {scale} of {name}",
                f"'{name}'",
                f"its scale is {scale}",
                lambda m, s=scale, n=name: put(quantization(m, n), scale=np.float32([s])),
            )
        yield (
            "cnn",
            f"one weight scale {scale}",
            "'conv/weights'",
            f"its scale is {scale}",
            lambda m, s=scale: put(
                quantization(m, "conv/weights"), scale=np.float32([0.1, s, 0.1, 0.1])
            ),
        )
    for name, scale, what in (
        ("conv", 1e38, "it must lie in 2^-40 to 2^40"),
        ("conv", 1e-38, "it must lie in 2^-40 to 2^40"),
        ("dense/weights", 1e20, "it must lie in 2^-40 to 2^40"),
        ("logits", 1e-12, "more than 2^30 times smaller"),
        ("pool", 1e-11, "more than 2^30 times smaller"),
    ):
        yield (
            "cnn",
            f"scale {scale} of {name}",
            f"'{name}'",
            what,
            lambda m, s=scale, n=name: put(quantization(m, n), scale=np.float32([s])),
        )
    for point in (128, -129, 2**31, -(2**40), 2**63 - 1):
        yield (
            "cnn",
            f"zero point {point}",
            "'conv'",
            f"its zero point is {point}",
            lambda m, p=point: put(quantization(m, "conv"), zeroPoint=np.int64([p])),
        )
    for count in (0, 3, 5):
        yield (
            "cnn",
            f"{count} zero points for 4 scales",
            "'conv/weights'",
            "4 scales and",
            lambda m, c=count: put(
                quantization(m, "conv/weights"), zeroPoint=np.zeros(c, np.int64)
            ),
        )
    for axis in (-1, 4, 1, 2**31 - 1):
        yield (
            "cnn",
            f"scales along {axis}",
            "'conv/weights'",
            f"4 scales along dimension {axis}",
            lambda m, a=axis: put(quantization(m, "conv/weights"), quantizedDimension=a),
        )
    for count in (2, 3, 5):
        yield (
            "cnn",
            f"{count} scales for 4 channels",
            "'conv/weights'",
            f"{count} scales along",
            lambda m, c=count: put(
                quantization(m, "conv/weights"),
                scale=np.full(c, 0.1, np.float32),
                zeroPoint=np.zeros(c, np.int64),
            ),
        )
    for name, details in (
        ("blocks", schema.BlockwiseQuantizationT),
        ("custom", schema.CustomQuantizationT),
    ):
        union = getattr(schema.QuantizationDetails, details.__name__[:-1])
        yield (
            "cnn",
            f"quantised by {name}",
            "'dense/weights'",
            "quantised by blocks",
            lambda m, d=details, u=union: put(
                quantization(m, "dense/weights"), details=d(), detailsType=u
            ),
        )
    for name, op in (
        ("x", "op 0 CONV_2D"),
        ("conv", "op 0 CONV_2D"),
        ("conv/weights", "op 0 CONV_2D"),
        ("pool", "op 2 AVERAGE_POOL_2D"),
        ("dense/weights", "op 4 FULLY_CONNECTED"),
        ("logits", "op 4 FULLY_CONNECTED"),
        ("y", "op 5 SOFTMAX"),
    ):
        yield (
            "cnn",
            f"no quantisation of {name}",
            op,
            "no scale",
            lambda m, n=name: put(tensor(m, n), quantization=None),
        )
    yield (
        "cnn",
        "weights with a zero point",
        "op 0 CONV_2D",
        "weights must be symmetric",
        lambda m: put(quantization(m, "conv/weights"), zeroPoint=np.int64([0, 1, 0, 0])),
    )
    yield (
        "cnn",
        "an activation with a scale a channel",
        "op 0 CONV_2D",
        "4 scales",
        lambda m: put(
            quantization(m, "conv"),
            scale=np.full(4, 0.1, np.float32),
            zeroPoint=np.zeros(4, np.int64),
            quantizedDimension=3,
        ),
    )
    yield (
        "cnn",
        "bias scale that contradicts",
        "op 4 FULLY_CONNECTED",
        "input scale times",
        lambda m: put(quantization(m, "dense/bias"), scale=np.float32([0.5])),
    )
    yield (
        "cnn",
        "softmax with another output scale",
        "op 5 SOFTMAX",
        "TFLite fixes",
        lambda m: put(quantization(m, "y"), scale=np.float32([0.1])),
    )
    yield (
        "cnn",
        "softmax with another zero point",
        "op 5 SOFTMAX",
        "TFLite fixes",
        lambda m: put(quantization(m, "y"), zeroPoint=np.int64([0])),
    )
