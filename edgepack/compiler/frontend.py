"""A front end in front of a model: the graph then takes samples instead of features.

The steps are operators of the signal library, and a few of edgepack's own at the end. What a
front end keeps between calls is state of the model; where it runs the model only every few calls,
the graph has one more output, "ready".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from edgepack import frontend
from edgepack.compiler.operators.frontend import (
    COSINE,
    EVERY,
    FEATURE,
    SLIDING,
)
from edgepack.compiler.operators.row import OperatorRow
from edgepack.errors import ModelError
from edgepack.frontend import FrontEnd
from edgepack.graph import DType, Graph, Operator, OptionValue, Quantization, Tensor

READY = "ready"
SAMPLES = "samples"
LIMITS = {"INT8": (-128, 127), "UINT8": (0, 255), "INT16": (-(2**15), 2**15 - 1)}
MOST_SHIFT = 40


def with_front_end(graph: Graph, front: FrontEnd) -> Graph:
    """The graph whose first input is samples: int16 [1, hop], or [1, hop, width] of "window".

    The model's first input must be [1, rows, width] but for dimensions of 1, its rows the newest
    last. Raises ModelError where it is not, or where its type cannot hold features.
    """
    target = graph.tensor(graph.inputs[0])
    width = _width(graph, target, front)
    made = _Graph(graph)
    if front.kind == "window":
        samples = made.tensor(SAMPLES, (1, front.hop, width), DType.INT16)
        fresh = samples
    else:
        samples = made.tensor(SAMPLES, (1, front.hop), DType.INT16)
        fresh = _features(made, front, samples)
    fresh = made.add(
        "EdgepackFeature",
        [fresh],
        [("features", (made.elements(fresh),), target.dtype)],
        _stored(graph, target, front),
        own=FEATURE,
    )[0]
    sliding = {"empty": target.zero_point}
    if front.stride == 1:
        made.add("EdgepackSliding", [fresh], [], sliding, own=SLIDING, into=(target.index,))
        return made.inline(samples)
    window = made.add(
        "EdgepackSliding", [fresh], [], sliding, own=SLIDING, into=(made.like(target, "window"),)
    )
    ready = made.add(
        "EdgepackEvery", [], [(READY, (1,), DType.BOOL)], {"stride": front.stride}, own=EVERY
    )
    return made.sometimes(samples, window[0], ready[0])


def _width(graph: Graph, target: Tensor, front: FrontEnd) -> int:
    """Values of a row of the model's input."""
    shape = [size for size in target.shape[1:] if size > 1] or [1]
    if front.kind == "window":
        rows, width = shape[0], target.elements // shape[0]
        if front.hop > rows:
            raise ModelError(
                f"{graph.name}: its input has {rows} rows; a front end that brings {front.hop} "
                f"a call needs as many. Use a hop of at most {rows}."
            )
        return width
    if target.elements % front.width:
        raise ModelError(
            f"{graph.name}: its input '{target.name}' has the shape {list(target.shape)}; rows of "
            f"{front.width} features do not fill it. Set channels (or coefficients) to its width."
        )
    return front.width


def _stored(graph: Graph, target: Tensor, front: FrontEnd) -> Mapping[str, OptionValue]:
    """How features become the model's input."""
    if target.dtype is DType.FLOAT32:
        return {"scale": float(np.float32(front.feature_scale))}
    limits = LIMITS.get(target.dtype.name)
    if limits is None or target.quantization is None:
        raise ModelError(
            f"{graph.name}: its input '{target.name}' is {target.dtype.name.lower()}"
            f"{'' if target.quantization else ' without a scale'}; a front end feeds int8, uint8, "
            "int16 or float32. Quantise the model again."
        )
    how = frontend.rescale(front, target.scale, target.zero_point, *limits)
    if not 1 <= how.shift <= MOST_SHIFT:
        raise ModelError(
            f"{graph.name}: its input's scale is {target.scale:.9g}, a feature's "
            f"{front.feature_scale:.9g}; their ratio must lie in 2^-24 to 2^14. Set `scale`, or "
            "quantise the model with these features."
        )
    return {
        "mantissa": how.mantissa,
        "shift": how.shift,
        "zero": how.zero_point,
        "low": how.low,
        "high": how.high,
    }


def _features(made: _Graph, front: FrontEnd, samples: int) -> int:
    """int16 features [width] of the newest frame."""
    framer = {"frame_size": front.window, "frame_step": front.hop, "prefill": False}
    frame, _ = made.add(
        "SignalFramer",
        [samples],
        [("frame", (1, 1, front.window), DType.INT16), ("valid", (1,), DType.BOOL)],
        framer,
    )
    window = made.constant("hann", frontend.window_table(front))
    shape = (1, 1, front.window)
    (windowed,) = made.add(
        "SignalWindow",
        [frame, window],
        [("windowed", shape, DType.INT16)],
        {"shift": frontend.WINDOW_BITS},
    )
    scaled, bits = made.add(
        "SignalFftAutoScale",
        [windowed],
        [("scaled", shape, DType.INT16), ("bits", (1,), DType.INT32)],
    )
    (spectrum,) = made.add(
        "SignalRfft",
        [scaled],
        [("spectrum", (1, 1, front.length + 2), DType.INT16)],
        {"T": DType.INT16.tflite, "fft_length": front.length},
    )
    filters = frontend.filter_tables(front)
    (energies,) = made.add(
        "SignalEnergy",
        [spectrum],
        [("energies", (front.length // 2 + 1,), DType.UINT32)],
        {"start_index": filters.first, "end_index": filters.end},
    )
    tables = [
        made.constant(name, getattr(filters, name))
        for name in ("weights", "others", "starts", "at", "widths")
    ]
    size = (front.channels,)
    (taken,) = made.add(
        "SignalFilterBank",
        [energies, *tables],
        [("taken", size, DType.UINT64)],
        {"num_channels": front.channels},
    )
    (signal,) = made.add(
        "SignalFilterBankSquareRoot", [taken, bits], [("magnitudes", size, DType.UINT32)]
    )
    if front.kind == "micro_speech":
        signal = _without_noise(made, front, signal)
    (logs,) = made.add(
        "SignalFilterBankLog",
        [signal],
        [("logarithms", size, DType.INT16)],
        {"output_scale": frontend.LOG_SCALE, "input_correction_bits": front.correction_bits},
    )
    if front.kind != "mfcc":
        return logs
    table = made.constant("cosines", frontend.cosine_table(front))
    shape_of = (front.coefficients,)
    return made.add("EdgepackCosine", [logs, table], [("mfcc", shape_of, DType.INT16)], own=COSINE)[
        0
    ]


def _without_noise(made: _Graph, front: FrontEnd, signal: int) -> int:
    size = (front.channels,)
    left, noise = made.add(
        "SignalFilterBankSpectralSubtraction",
        [signal],
        [("signal", size, DType.UINT32), ("noise", size, DType.UINT32)],
        {
            **frontend.noise_shares(),
            "num_channels": front.channels,
            "smoothing_bits": frontend.SMOOTHING_BITS,
            "spectral_subtraction_bits": frontend.SHARE_BITS,
            "clamping": False,
        },
    )
    gains = made.constant("gains", frontend.gain_table(front))
    shift = frontend.GAIN_BITS - front.correction_bits - frontend.SNR_BITS
    return made.add(
        "SignalPCAN",
        [left, noise, gains],
        [("levelled", size, DType.UINT32)],
        {"snr_shift": shift},
    )[0]


class _Graph:
    """A graph with operators put in front of it."""

    def __init__(self, model: Graph) -> None:
        self.model = model
        self.tensors = list(model.tensors)
        self.operators: list[Operator] = []
        self.next = max((op.index for op in model.operators), default=-1) + 1

    def tensor(self, name: str, shape: tuple[int, ...], dtype: DType) -> int:
        """A new tensor's number."""
        quantization = Quantization((1.0,), (0,)) if dtype is DType.INT16 else None
        self.tensors.append(
            Tensor(len(self.tensors), f"frontend/{name}", shape, dtype, quantization)
        )
        return len(self.tensors) - 1

    def constant(self, name: str, values: frontend.Ints) -> int:
        """A constant's number."""
        index = self.tensor(name, values.shape, DType.INT16)
        data = np.ascontiguousarray(values).tobytes()
        self.tensors[index] = dataclasses.replace(self.tensors[index], data=data)
        return index

    def elements(self, index: int) -> int:
        """How many elements a tensor has."""
        return self.tensors[index].elements

    def add(
        self,
        kind: str,
        inputs: list[int],
        outputs: list[tuple[str, tuple[int, ...], DType]],
        options: Mapping[str, OptionValue] | None = None,
        *,
        own: OperatorRow | None = None,
        into: tuple[int, ...] = (),
    ) -> tuple[int, ...]:
        """Put an operator; its outputs are new tensors, or `into`."""
        made = into or tuple(self.tensor(*output) for output in outputs)
        self.operators.append(
            Operator(self.next, kind, tuple(inputs), made, dict(options or {}), own=own)
        )
        self.next += 1
        return made

    def inline(self, samples: int) -> Graph:
        """The front end, then the model's own operators."""
        model = self.model
        return dataclasses.replace(
            model,
            tensors=tuple(self.tensors),
            operators=(*self.operators, *model.operators),
            inputs=(samples, *model.inputs[1:]),
            input_names=_renamed(model.input_names),
        )

    def sometimes(self, samples: int, window: int, ready: int) -> Graph:
        """The front end, then the model where `ready`; else its outputs are what they were."""
        model = self.model
        results = [self.like(model.tensor(t), f"output{n}") for n, t in enumerate(model.outputs)]
        given = (ready, window, *model.inputs[1:])
        branches = {"then_subgraph_index": 0, "else_subgraph_index": 1}
        self.operators.append(Operator(self.next, "IF", given, tuple(results), branches))
        for n, result in enumerate(results):
            kept = _kept(model, n, len(self.tensors))
            self.tensors.append(kept)
            index = self.next + 1 + n
            assign = Operator(index, "ASSIGN_VARIABLE", (kept.index, result), (), {})
            self.operators.append(assign)
        return dataclasses.replace(
            model,
            tensors=tuple(self.tensors),
            operators=tuple(self.operators),
            inputs=(samples, *model.inputs[1:]),
            outputs=(*results, ready),
            subgraphs=(model, _unchanged(model)),
            input_names=_renamed(model.input_names),
            output_names=(*model.end_names("output"), READY),
        )

    def like(self, like: Tensor, name: str) -> int:
        """The number of a new tensor that an operator writes, otherwise as another."""
        tensor = dataclasses.replace(
            like, index=len(self.tensors), name=f"frontend/{name}", data=None, state=None
        )
        self.tensors.append(tensor)
        return tensor.index


def _kept(model: Graph, place: int, index: int) -> Tensor:
    """The variable that holds an output of the model until it runs again."""
    tensor, name = model.tensor(model.outputs[place]), f"frontend/kept{place}"
    state = bytes(tensor.bytes)
    return dataclasses.replace(tensor, index=index, name=name, state=state, variable=name)


def _renamed(names: tuple[str, ...]) -> tuple[str, ...]:
    return (SAMPLES, *names[1:]) if names else ()


def _unchanged(model: Graph) -> Graph:
    """A branch that gives the model's outputs as they were when it ran last."""
    ends = [model.tensor(t) for t in (*model.inputs, *model.outputs)]
    count = len(model.outputs)
    tensors = [dataclasses.replace(tensor, index=n) for n, tensor in enumerate(ends)]
    tensors += [_kept(model, n, len(ends) + n) for n in range(count)]
    first = len(model.inputs)
    operators = tuple(
        Operator(n, "READ_VARIABLE", (len(ends) + n,), (first + n,), {}) for n in range(count)
    )
    return dataclasses.replace(
        model,
        tensors=tuple(tensors),
        operators=operators,
        inputs=tuple(range(first)),
        outputs=tuple(range(first, len(ends))),
        subgraphs=(),
    )
