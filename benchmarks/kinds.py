"""Models of other kinds on emulated boards: `python -m benchmarks.kinds [BOARD ...]`.

An SVDF wake word and an LSTM (`benchmarks.recurrent`), and a small image network on int16 with int8
weights and in float32. All are the same bytes each time, with random weights. Prints a table.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.mlperf_tiny import one
from benchmarks.recurrent import lstm_words, svdf_words
from benchmarks.tables import markdown
from edgepack import CompileSpec, load_board
from tests.tflite_builder import ModelBuilder

BOARDS = ("mps2-an386", "mps3-an547")
HEADER = ("board", "model", "instructions", "RAM", "flash", "agrees")
SIDE, STEM, WIDE, CLASSES = 16, 16, 32, 10
REACH = {"int16": 2.0**-12, "float32": None}  # scales of activations


def image_net(dtype: str) -> bytes:
    """Three convolutions, two of them separable, and a dense layer; [1, 16, 16, 3] in."""
    builder, rng = ModelBuilder(), np.random.default_rng(3)
    scale = REACH[dtype]
    first = _tensor(builder, (1, SIDE, SIDE, 3), dtype, scale)
    half = SIDE // 2
    x = _layer(builder, rng, dtype, "CONV_2D", first, (STEM, 3, 3, 3), (1, half, half, STEM), 2)
    shape = (1, half, half, STEM)
    x = _layer(builder, rng, dtype, "DEPTHWISE_CONV_2D", x, (1, 3, 3, STEM), shape, 1)
    x = _layer(builder, rng, dtype, "CONV_2D", x, (WIDE, 1, 1, STEM), (1, half, half, WIDE), 1)
    flat = half * half * WIDE
    x = _reshaped(builder, x, (1, flat), dtype, scale)
    scores = _layer(builder, rng, dtype, "FULLY_CONNECTED", x, (CLASSES, flat), (1, CLASSES), 0)
    return builder.build([first], [scores])


def _tensor(builder: ModelBuilder, shape: tuple[int, ...], dtype: str, scale: float | None) -> int:
    return builder.tensor(shape, dtype, **({} if scale is None else {"scale": scale}))


def _reshaped(
    builder: ModelBuilder, x: int, shape: tuple[int, ...], dtype: str, scale: float | None
) -> int:
    sizes = builder.tensor((len(shape),), "int32", data=np.array(shape, np.int32))
    y = _tensor(builder, shape, dtype, scale)
    builder.operator("RESHAPE", [x, sizes], [y])
    return y


def _layer(
    builder: ModelBuilder,
    rng: np.random.Generator,
    dtype: str,
    kind: str,
    x: int,
    weights: tuple[int, ...],
    shape: tuple[int, ...],
    stride: int,
) -> int:
    """A layer with a bias and RELU; a stride of 0 is a dense one."""
    outputs = shape[-1]
    values = rng.normal(0, 1 / np.sqrt(np.prod(weights[1:])), weights)
    activations, bias = REACH[dtype], rng.normal(0, 0.1, outputs)
    if activations is None:
        w = builder.tensor(weights, "float32", data=values.astype(np.float32))
        b = builder.tensor((outputs,), "float32", data=bias.astype(np.float32))
    else:
        scale = float(np.abs(values).max() / 127)
        axis = 3 if kind.startswith("DEPTHWISE") else 0
        data = np.rint(values / scale).astype(np.int8)
        w = builder.tensor(weights, "int8", scale=[scale] * outputs, axis=axis, data=data)
        steps = np.rint(bias / (scale * activations)).astype(np.int64)
        scales = [scale * activations] * outputs
        b = builder.tensor((outputs,), "int64", scale=scales, data=steps)
    y = _tensor(builder, shape, dtype, activations)
    options: dict[str, object] = {"fused_activation_function": "RELU"}
    if stride:
        options |= {"padding": "SAME", "stride_h": stride, "stride_w": stride}
    if kind.startswith("DEPTHWISE"):
        options["depth_multiplier"] = 1
    builder.operator(kind, [x, w, b], [y], **options)
    return y


MODELS: Mapping[str, Callable[[], bytes]] = {
    "svdf_words": svdf_words,
    "lstm_words": lstm_words,
    "image_16x8": lambda: image_net("int16"),
    "image_float": lambda: image_net("float32"),
}


def main() -> int:
    """Measure and print; 6 where a board's answer is not the oracle's."""
    rows, wrong = [], False
    with tempfile.TemporaryDirectory() as folder:
        for name, make in MODELS.items():
            (Path(folder) / f"{name}.tflite").write_bytes(make())
        for board in sys.argv[1:] or BOARDS:
            for name in MODELS:
                path = Path(folder) / f"{name}.tflite"
                result: Any = one(path, load_board(board), CompileSpec())
                rows.append((board, name, *_figures(result)))
                wrong = wrong or not result.get("agreement", {}).get("bit_exact")
    print(markdown(HEADER, rows))
    return 6 if wrong else 0


def _figures(result: Mapping[str, Any]) -> tuple[str, ...]:
    if "latency" not in result:
        return (str(next(iter(result.values()))), "-", "-", "-")
    memory = result["memory"]
    sizes = (f"{memory[part]['total']:,} B" for part in ("ram", "flash"))
    agrees = "yes" if result["agreement"]["bit_exact"] else "no"
    return (f"{result['latency'][0]['mean']:,.0f}", *sizes, agrees)


if __name__ == "__main__":
    sys.exit(main())
