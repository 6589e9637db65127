"""Broken graphs and operators: wiring, order, codes, options, implied shapes, unsupported ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tests.unit.compiler.mutation import Change, Row, buffer, number, options, put, tensor


def wiring() -> Iterator[Row]:
    def op(m: Any, index: int) -> Any:
        return m.subgraphs[0].operators[index]

    def link(index: int, role: str, place: int, target: int) -> Change:
        def change(m: Any) -> None:
            ends = [int(t) for t in getattr(op(m, index), role)]
            ends[place] = target
            setattr(op(m, index), role, ends)

        return change

    for target in (16, 99, -2, 2**31 - 1, -(2**31)):
        for role, place in (("inputs", 0), ("inputs", 1), ("outputs", 0)):
            what = f"{role[:-1]} {place} is tensor {target}"
            yield "cnn", f"{role} {place} {target}", "op 0", what, link(0, role, place, target)
        for role in ("inputs", "outputs"):
            yield (
                "cnn",
                f"graph {role} {target}",
                "cnn",
                f"{role[:-1]} 0 is tensor {target}",
                lambda m, r=role, t=target: put(m.subgraphs[0], **{r: [t]}),
            )
    yield "cnn", "output left out", "op 0", "output 0 is tensor -1", link(0, "outputs", 0, -1)
    yield (
        "cnn",
        "graph input left out",
        "cnn",
        "input 0 is tensor -1",
        lambda m: put(m.subgraphs[0], inputs=[-1]),
    )
    for index, kind, place in (
        (0, "CONV_2D", 0),
        (0, "CONV_2D", 1),
        (1, "DEPTHWISE_CONV_2D", 1),
        (2, "AVERAGE_POOL_2D", 0),
        (3, "RESHAPE", 0),
        (4, "FULLY_CONNECTED", 0),
        (4, "FULLY_CONNECTED", 1),
        (5, "SOFTMAX", 0),
    ):
        yield (
            "cnn",
            f"-1 as input {place} of {kind}",
            f"op {index} {kind}",
            f"input {place} is left out",
            link(index, "inputs", place, -1),
        )
    for index, place in ((1, 0), (1, 1), (2, 1), (3, 0), (4, 0), (5, 1), (6, 1), (7, 0)):
        yield (
            "residual",
            f"-1 as input {place} of op {index}",
            f"op {index} ",
            f"input {place} is left out",
            link(index, "inputs", place, -1),
        )
    for index, ends in ((0, [0]), (0, [0, 1, 2, 2]), (4, []), (5, []), (2, [3, 3]), (3, [])):
        yield (
            "cnn",
            f"op {index} with {len(ends)} inputs",
            f"op {index} ",
            f"{len(ends)} inputs; ",
            lambda m, i=index, e=ends: put(op(m, i), inputs=e),
        )
    for ends in ([], [3, 3]):
        yield (
            "cnn",
            f"{len(ends)} outputs",
            "op 0 CONV_2D",
            f"{len(ends)} outputs; ",
            lambda m, e=ends: put(op(m, 0), outputs=e),
        )

    def swapped(m: Any) -> None:
        ops = m.subgraphs[0].operators
        ops[1], ops[2] = ops[2], ops[1]

    yield "cnn", "wrong order", "op 1 AVERAGE_POOL_2D", "only later", swapped
    yield (
        "cnn",
        "reversed",
        "op 0 SOFTMAX",
        "only later",
        lambda m: put(m.subgraphs[0], operators=m.subgraphs[0].operators[::-1]),
    )
    for what, name in (("cycle", "mean"), ("reads itself", "add")):
        yield (
            "residual",
            what,
            "op 1 ADD",
            "only later",
            lambda m, n=name: link(1, "inputs", 1, number(m, n))(m),
        )
    yield ("cnn", "two writers", "op 5 SOFTMAX", "has written", link(5, "outputs", 0, 12))
    yield "cnn", "writes its input", "op 4", "has written", link(4, "outputs", 0, 9)
    yield "cnn", "writes the input", "op 3", "caller has written", link(3, "outputs", 0, 0)
    yield "cnn", "writes a constant", "op 0 CONV_2D", "a constant", link(0, "outputs", 0, 1)
    yield "cnn", "writes a bias", "op 4", "a constant", link(4, "outputs", 0, 11)
    yield (
        "floats",
        "writes one tensor twice",
        "op 2 SPLIT",
        "has written",
        link(2, "outputs", 1, 7),
    )
    yield ("cnn", "no operator", "cnn", "no operator", lambda m: put(m.subgraphs[0], operators=[]))
    yield "cnn", "no input", "cnn", "no input", lambda m: put(m.subgraphs[0], inputs=[])
    yield "cnn", "no output", "cnn", "no output", lambda m: put(m.subgraphs[0], outputs=[])
    yield (
        "floats",
        "one input twice",
        "floats",
        "twice",
        lambda m: put(m.subgraphs[0], inputs=[0, 0]),
    )
    yield (
        "cnn",
        "a constant as input",
        "'conv/weights'",
        "input of the model that is a constant",
        lambda m: put(m.subgraphs[0], inputs=[0, 1]),
    )
    yield (
        "floats",
        "an input forgotten",
        "op 3 MAXIMUM",
        "nothing writes",
        lambda m: put(m.subgraphs[0], inputs=[0]),
    )
    yield (
        "cnn",
        "the last operator lost",
        "'y'",
        "never written",
        lambda m: put(m.subgraphs[0], operators=m.subgraphs[0].operators[:-1]),
    )
    yield (
        "cnn",
        "the first operator lost",
        "op 0 DEPTHWISE_CONV_2D",
        "nothing writes",
        lambda m: put(m.subgraphs[0], operators=m.subgraphs[0].operators[1:]),
    )
    yield "cnn", "no subgraph", "cnn", "0 subgraphs", lambda m: put(m, subgraphs=[])
    yield "cnn", "no tensors", "op 0", "has 0 tensors", lambda m: put(m.subgraphs[0], tensors=[])
    for version in (0, 1, 2, 4, 2**32 - 1):
        yield (
            "cnn",
            f"schema version {version}",
            "version",
            f"it is {version}",
            lambda m, v=version: put(m, version=v),
        )


def operator_codes() -> Iterator[Row]:
    for index in (6, 99, 2**32 - 1):
        yield (
            "cnn",
            f"operator code {index}",
            "op 0",
            f"operator code {index}",
            lambda m, i=index: put(m.subgraphs[0].operators[0], opcodeIndex=i),
        )
    yield (
        "cnn",
        "no operator codes",
        "op 0",
        "the model has 0 codes",
        lambda m: put(m, operatorCodes=[]),
    )
    for code, what in ((9999, "code 9999"), (-1, "code -1"), (2**31 - 1, "code 2147483647")):
        yield (
            "cnn",
            what,
            "op 0",
            what,
            lambda m, c=code: put(m.operatorCodes[0], builtinCode=c, deprecatedBuiltinCode=-1),
        )
    for version in (0, -1, 101, 2**31 - 1):
        yield (
            "cnn",
            f"operator version {version}",
            "op 0 CONV_2D",
            f"version {version}",
            lambda m, v=version: put(m.operatorCodes[0], version=v),
        )
    for code, what in (
        ("edgetpu-custom-op", "compiled for the Edge TPU"),
        ("ethos-u", "before vela"),
        ("XC_conv2d_v2", "XMOS"),
        ("NeutronGraph", "NXP"),
        ("FlexErf", "SELECT_TF_OPS"),
        ("SignalOfAnotherKind", "audio front end"),
        ("PosenetDecoderOp", "key points"),
        ("MaxPoolingWithArgmax2D", "MediaPipe"),
        ("mine", "a custom operator"),
        ("", "a custom operator"),
    ):

        def custom(m: Any, c: str = code) -> None:
            put(m.operatorCodes[4], builtinCode=32, deprecatedBuiltinCode=32, customCode=c)

        yield "cnn", f"custom {code}", f"op 4 CUSTOM '{code}'", what, custom


def operator_options() -> Iterator[Row]:
    def option(base: str, op: int, where: str, what: str, **fields: Any) -> Row:
        name = f"op {op} {fields}"
        return base, name, where, what, lambda m: put(options(m, op), **fields)

    conv, depthwise, pool = "op 0 CONV_2D", "op 1 DEPTHWISE_CONV_2D", "op 2 AVERAGE_POOL_2D"
    for value in (0, -1, -(2**31)):
        for side in ("strideW", "strideH", "dilationWFactor", "dilationHFactor"):
            yield option("cnn", 0, conv, "it must lie in 1 to", **{side: value})
            yield option("cnn", 1, depthwise, "it must lie in 1 to", **{side: value})
        for side in ("strideW", "strideH", "filterWidth", "filterHeight"):
            yield option("cnn", 2, pool, "it must lie in 1 to", **{side: value})
    for value in (2, 127, -1):
        yield option("cnn", 0, conv, "padding is number", padding=value)
        yield option("cnn", 2, pool, "padding is number", padding=value)
    for value in (4, 5, 6, -1):
        what = "fused_activation_function is number"
        yield option("cnn", 0, conv, what, fusedActivationFunction=value)
        yield option("cnn", 4, "op 4 FULLY_CONNECTED", what, fusedActivationFunction=value)
        yield option("residual", 1, "op 1 ADD", what, fusedActivationFunction=value)
    for value, what in ((-3, "must be [1,3,3,4]"), (2, "must be"), (2**31 - 1, "axis 2147483647")):
        yield option("residual", 4, "op 4 CONCATENATION", what, axis=value)
    yield option("cnn", 4, "op 4 FULLY_CONNECTED", "weights_format is number 1", weightsFormat=1)
    for value in (float("nan"), float("inf"), -1.0):
        yield option("cnn", 5, "op 5 SOFTMAX", "beta", beta=value)
    for value in (float("nan"), float("inf")):
        yield option("floats", 1, "op 1 LEAKY_RELU", "alpha", alpha=value)
    for value in (0, 1, 3, -2, 2**31 - 1):
        yield option("floats", 2, "op 2 SPLIT", f"by {value} into 2", numSplits=value)
    for dims, what in (
        ([2], "squeezes dimension 2"),
        ([-5], "axis -5; it must lie in -4 to 3"),
        ([4], "axis 4; it must lie in -4 to 3"),
        ([0, 1, 2], "squeezes dimension 2"),
    ):
        yield option("moves", 3, "op 3 SQUEEZE", what, squeezeDims=dims)
    yield option("moves", 3, "op 3 SQUEEZE 'squeeze'", "has 9 values", squeezeDims=[0] * 9)
    for field, what in (("ellipsisMask", "4 ellipses"), ("newAxisMask", "adds 4")):
        yield option("moves", 1, "op 1 STRIDED_SLICE", what, **{field: 0x7FFFFFFF})

    def wrong_type(m: Any) -> None:
        op = m.subgraphs[0].operators[0]
        op.builtinOptionsType, op.builtinOptions = 5, m.subgraphs[0].operators[2].builtinOptions

    yield "cnn", "options of another operator", conv, "its options are of type 5", wrong_type
    for op, where in ((0, conv), (1, depthwise), (2, pool)):
        yield (
            "cnn",
            f"op {op} without options",
            where,
            "must",
            lambda m, o=op: put(
                m.subgraphs[0].operators[o], builtinOptions=None, builtinOptionsType=0
            ),
        )


def shapes() -> Iterator[Row]:
    def ints(base: str, name: str, op: str, what: str, *values: int) -> Row:
        def change(m: Any) -> None:
            buffer(m, name).data = np.array(values, "<i4").view(np.uint8)

        return base, f"{name} {values}", op, what, change

    def shape(base: str, name: str, op: str, *sizes: int) -> Row:
        what = f"'{name}'"
        change = lambda m: put(tensor(m, name), shape=list(sizes))  # noqa: E731
        return base, f"{name} {sizes}", op, what, change

    yield shape("cnn", "conv", "op 0 CONV_2D", 1, 7, 8, 4)
    yield shape("cnn", "conv", "op 0 CONV_2D", 1, 8, 8, 5)
    yield shape("cnn", "conv", "op 0 CONV_2D", 2, 8, 8, 4)
    yield shape("cnn", "depthwise", "op 1 DEPTHWISE_CONV_2D", 1, 5, 4, 4)
    yield shape("cnn", "pool", "op 2 AVERAGE_POOL_2D", 1, 2, 3, 4)
    yield shape("cnn", "flat", "op 3 RESHAPE", 1, 17)
    yield shape("cnn", "logits", "op 4 FULLY_CONNECTED", 1, 4)
    yield shape("cnn", "y", "op 5 SOFTMAX", 1, 4)
    yield shape("residual", "add", "op 1 ADD", 1, 4, 4, 3)
    yield shape("residual", "pad", "op 2 PAD", 1, 6, 7, 2)
    yield shape("residual", "pool", "op 3 MAX_POOL_2D", 1, 3, 2, 2)
    yield shape("residual", "concat", "op 4 CONCATENATION", 1, 3, 3, 2)
    yield shape("residual", "mean", "op 5 MEAN", 1, 2)
    yield shape("residual", "mul", "op 6 MUL", 1, 1)
    yield shape("residual", "y", "op 7 SUB", 4)
    yield shape("floats", "leaky", "op 1 LEAKY_RELU", 1, 4)
    yield shape("floats", "right", "op 2 SPLIT", 1, 5)
    yield shape("floats", "y1", "op 4 LOGISTIC", 1, 5)
    yield shape("moves", "quantize", "op 0 QUANTIZE", 1, 6, 5, 2)
    yield shape("moves", "slice", "op 1 STRIDED_SLICE", 1, 3, 5, 1)
    yield shape("moves", "transpose", "op 2 TRANSPOSE", 1, 1, 3, 4)
    yield shape("moves", "squeeze", "op 3 SQUEEZE", 1, 3, 4)
    yield shape("moves", "y", "op 4 DEQUANTIZE", 1, 4, 4)
    yield from constants_of_other_shapes()
    for values in ((1, 15), (-1, -1), (-1, 5), (0, 16), (1, -16), (2**31 - 1, 2**31 - 1)):
        yield ints("cnn", "shape", "op 3 RESHAPE", "cannot be reshaped to", *values)
    pad, slice_ = "op 2 PAD", "op 1 STRIDED_SLICE"
    yield ints("residual", "paddings", pad, "pads by -1", 0, 0, -1, 1, 1, 1, 0, 0)
    yield ints("residual", "paddings", pad, "[1,2147483652,6,2]", 0, 0, 2**31 - 1, 1, 1, 1, 0, 0)
    for values in ((1, 4), (-5, 1), (2**31 - 1, 0)):
        yield ints("residual", "axes", "op 5 MEAN", "it must lie in -4 to 3", *values)
    for values, what in (
        ((0, 3, 2, 2), "must appear once"),
        ((0, 3, 2, 4), "axis 4; it must lie in -4 to 3"),
        ((-5, 3, 2, 1), "axis -5; it must lie in -4 to 3"),
        ((0, 0, 0, 0), "must appear once"),
    ):
        yield ints("moves", "order", "op 2 TRANSPOSE", what, *values)
    yield ints("moves", "strides", slice_, "a step cannot be 0", 1, 0, 1, 1)
    yield ints("moves", "strides", slice_, "a step cannot be 0", 0, 1, 1, 1)
    yield ints("moves", "strides", slice_, "keeps nothing", 1, -2, 1, 1)
    for value in (2, -3, 2**31 - 1):
        yield ints("floats", "axis", "op 2 SPLIT", "it must lie in -2 to 1", value)
    for name, kind, base in (
        ("conv", "uint8", "cnn"),
        ("conv", "int16", "cnn"),
        ("logits", "int16", "cnn"),
        ("add", "uint8", "residual"),
        ("leaky", "float16", "floats"),
        ("y0", "int32", "floats"),
    ):
        code = getattr(schema.TensorType, kind.upper())
        yield (
            base,
            f"{name} as {kind}",
            "op ",
            kind,
            lambda m, n=name, c=code: put(tensor(m, n), type=c),
        )


def constants_of_other_shapes() -> Iterator[Row]:
    """Weights cut otherwise: the bytes are as many, and the operator cannot use them so."""
    for base, name, op, sizes in (
        ("cnn", "conv/weights", "op 0 CONV_2D", (4, 3, 1, 3)),
        ("cnn", "conv/weights", "op 0 CONV_2D", (4, 3, 3)),
        ("cnn", "conv/weights", "op 0 CONV_2D", (4, 3, 3, 1, 1)),
        ("cnn", "depthwise/weights", "op 1 DEPTHWISE_CONV_2D", (3, 1, 3, 4)),
        ("cnn", "depthwise/weights", "op 1 DEPTHWISE_CONV_2D", (1, 9, 4)),
        ("cnn", "dense/weights", "op 4 FULLY_CONNECTED", (16, 3)),
        ("cnn", "dense/weights", "op 4 FULLY_CONNECTED", (48,)),
        ("cnn", "dense/weights", "op 4 FULLY_CONNECTED", (3, 4, 4)),
        ("residual", "weights", "op 0 CONV_2D", (4, 1, 1, 1)),
        ("residual", "paddings", "op 2 PAD", (2, 4)),
        ("residual", "paddings", "op 2 PAD", (8,)),
        ("residual", "factors", "op 6 MUL", (2, 2)),
        ("floats", "weights", "op 0 FULLY_CONNECTED", (6, 8)),
        ("floats", "bias", "op 0 FULLY_CONNECTED", (2, 4)),
        ("moves", "begin", "op 1 STRIDED_SLICE", (2, 2)),
    ):

        def change(m: Any, n: str = name, s: tuple[int, ...] = sizes) -> None:
            put(tensor(m, n), shape=list(s))
            if tensor(m, n).quantization is not None:
                one = schema.QuantizationParametersT()
                one.scale, one.zeroPoint = np.float32([0.02]), np.int64([0])
                tensor(m, n).quantization = one

        yield base, f"{name} as {sizes}", op, "", change


def unsupported() -> Iterator[Row]:
    for kind, step in (
        ("READ_VARIABLE", "no VAR_HANDLE"),
        ("WHILE", "options are of type"),
        ("IF", "options are of type"),
        ("HASHTABLE_LOOKUP", "into your code"),
        ("RFFT2D", "into your code"),
        ("STABLEHLO_COMPOSITE", "Replace it"),
        ("PLACEHOLDER_FOR_GREATER_OP_CODES", "Replace it"),
    ):
        code = getattr(schema.BuiltinOperator, kind)

        def change(m: Any, c: int = code) -> None:
            put(m.operatorCodes[2], builtinCode=c, deprecatedBuiltinCode=min(c, 127))

        yield "cnn", f"operator {kind}", f"op 2 {kind} 'pool'", step, change
