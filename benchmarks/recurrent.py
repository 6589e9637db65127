"""Two models with state for the bench: `python -m benchmarks.recurrent DIR`.

They are the same bytes each time, with random weights: what these cost, trained ones cost.
`svdf_words.tflite`: a wake word over one frame of 40 features a call, two SVDF layers and a dense
one. `lstm_words.tflite`: 49 frames of 10 features a call through an LSTM of 32 cells and a dense
layer.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from tests.tflite_builder import ModelBuilder

FEATURES, FRAMES = 40, 49
MEMORY, RANK = 10, 2
CELLS, LSTM_FEATURES, WORDS = 32, 10, 12


def svdf_words() -> bytes:
    """The wake word: int8 [1, 40] in, int8 [1, 12] out, a call a frame."""
    builder, rng = ModelBuilder(), np.random.default_rng(1)
    first = x = builder.tensor((1, FEATURES), "int8", scale=0.05, zero_point=-10, name="frame")
    for units in (64, 32):
        x = _svdf(builder, rng, x, units)
    return builder.build([first], [_head(builder, rng, x, 32)])


def lstm_words() -> bytes:
    """The words: int8 [1, 49, 10] in, int8 [1, 12] out."""
    builder, rng = ModelBuilder(), np.random.default_rng(2)
    shape = (1, FRAMES, LSTM_FEATURES)
    first = builder.tensor(shape, "int8", scale=0.05, zero_point=-10, name="frames")
    sequence = _lstm(builder, rng, first)
    last = builder.tensor((1, CELLS), "int8", scale=2.0**-7)
    bounds = [
        builder.tensor((3,), "int32", data=values)
        for values in ([0, FRAMES - 1, 0], [1, FRAMES, CELLS], [1, 1, 1])
    ]
    builder.operator("STRIDED_SLICE", [sequence, *bounds], [last], shrink_axis_mask=2)
    return builder.build([first], [_head(builder, rng, last, CELLS)])


def _weights(builder: ModelBuilder, rng: np.random.Generator, *shape: int) -> int:
    data = np.clip(np.rint(rng.normal(0, 40, shape)), -127, 127)
    return builder.tensor(shape, "int8", scale=0.004, data=data)


def _svdf(builder: ModelBuilder, rng: np.random.Generator, x: int, units: int) -> int:
    filters, inputs = units * RANK, builder.tensors[x].shape[-1]
    times = np.rint(rng.normal(0, 3000, (filters, MEMORY)))
    time = builder.tensor((filters, MEMORY), "int16", scale=0.0001, data=times)
    bias = builder.tensor((units,), "int32", scale=1e-8, data=np.zeros(units))
    state = builder.tensor((1, filters * MEMORY), "int16", scale=0.0002, variable=True)
    y = builder.tensor((1, units), "int8", scale=0.05, zero_point=-128)
    inputs_of = [x, _weights(builder, rng, filters, inputs), time, bias, state]
    builder.operator("SVDF", inputs_of, [y], rank=RANK, fused_activation_function="RELU")
    return y


def _lstm(builder: ModelBuilder, rng: np.random.Generator, x: int) -> int:
    inputs = [-1] * 24
    inputs[0] = x
    for gate in range(4):
        inputs[1 + gate] = _weights(builder, rng, CELLS, LSTM_FEATURES)
        inputs[5 + gate] = _weights(builder, rng, CELLS, CELLS)
        inputs[12 + gate] = builder.tensor((CELLS,), "int32", scale=2e-4, data=np.zeros(CELLS))
    inputs[18] = builder.tensor((1, CELLS), "int8", scale=2.0**-7, variable=True)
    inputs[19] = builder.tensor((1, CELLS), "int16", scale=2.0**-12, variable=True)
    y = builder.tensor((1, FRAMES, CELLS), "int8", scale=2.0**-7)
    marks = [builder.tensor((0,), "int16", scale=2.0**-12) for _ in range(4)]
    marks.append(builder.tensor((0,), "int8", scale=2.0**-7))
    builder.operator("UNIDIRECTIONAL_SEQUENCE_LSTM", inputs, [y], fused_activation_function="TANH")
    builder.operators[-1].intermediates = marks
    return y


def _head(builder: ModelBuilder, rng: np.random.Generator, x: int, inputs: int) -> int:
    scores = builder.tensor((1, WORDS), "int8", scale=0.1, zero_point=5)
    weights = _weights(builder, rng, WORDS, inputs)
    builder.operator("FULLY_CONNECTED", [x, weights], [scores])
    y = builder.tensor((1, WORDS), "int8", scale=1 / 256, zero_point=-128, name="words")
    builder.operator("SOFTMAX", [scores], [y], beta=1.0)
    return y


def main() -> int:
    """Write both into the folder that the command line names."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "svdf_words.tflite").write_bytes(svdf_words())
    (folder / "lstm_words.tflite").write_bytes(lstm_words())
    return 0


if __name__ == "__main__":
    sys.exit(main())
