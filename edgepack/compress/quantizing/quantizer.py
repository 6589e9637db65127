"""Post-training quantisation of a float net: widths of layers, scales, grids, the file.

Runs in the worker. The net is a float .tflite file: what the converter makes of a Keras model, or
one that came as such.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.pruning.shared_values import Rows, with_shared_values
from edgepack.compress.quantizing.equalize import equalized
from edgepack.compress.quantizing.floatnet import (
    FloatNet,
    Samples,
    Weighted,
    add_buffer,
    kind_of,
    pack,
    read_net,
    unpack,
)
from edgepack.compress.quantizing.grids import Stepping, squared_error, weight_grids
from edgepack.compress.quantizing.layerwise import Fitting, LayerFit, fitted
from edgepack.compress.quantizing.mixed import Budget, mixed
from edgepack.compress.quantizing.ranges import RangeMethod
from edgepack.compress.quantizing.rounding import RoundingSpec
from edgepack.compress.quantizing.rules import Affine, Grid, operands, rule_of
from edgepack.compress.quantizing.scales import (
    Ranges,
    Scales,
    Scaling,
    observed,
    operator_bits,
    ranges_of,
    scales,
)
from edgepack.compress.quantizing.width_spec import LayerSensitivity, WidthFigures
from edgepack.compress.quantizing.widths import WeightFigures, dynamic
from edgepack.compress.quantizing.writer import Form, Weights, computes_integers, quantized_file
from edgepack.compress.spec import LayerError, QuantizeSpec, TensorWidth, layer_width
from edgepack.errors import ModelError, UsageError

Tell = Callable[[int, int], None]
_FEW = 10  # samples, below which a range by maximum is luck


@dataclass(frozen=True, slots=True)
class Plan:
    """All that the writer takes, and what is told of it; `fits` where layers were fitted."""

    net: FloatNet
    scales: Scales
    weights: Mapping[int, Weights]
    ends: Mapping[int, Form]  # as the writer's
    scheme: Mapping[int, str]  # by operator with weights
    fits: tuple[LayerFit, ...] = ()
    figures: tuple[WidthFigures, ...] = ()
    sensitivity: tuple[LayerSensitivity, ...] = ()
    keeps_floats: bool = False  # activations are floats throughout, as was asked


@dataclass(frozen=True, slots=True)
class Quantized:
    """The file, and what was done."""

    content: bytes
    tensors: tuple[TensorWidth, ...]
    fits: tuple[LayerError, ...]
    figures: tuple[WidthFigures, ...]
    sensitivity: tuple[LayerSensitivity, ...]
    stayed_float: tuple[str, ...]


def quantized_net(
    net: FloatNet,
    samples: Samples,
    spec: QuantizeSpec,
    tell: Tell = lambda done, total: None,
    books: Sequence[Rows] = (),
) -> Quantized:
    """The quantised file of `net`, its ranges taken from `samples` (inputs, each [n, ...]).

    `books` are the integers of clustered kernels, which weights that are multiples of them keep.
    Raises UsageError for a pattern that fits no layer or data without a range, ModelError for a
    net that is quantised already or holds nothing to quantise.
    """
    _refuse_quantised(net)
    return written(planned(without_negations(net), samples, spec, tell, books))


def planned(
    net: FloatNet, samples: Samples, spec: QuantizeSpec, tell: Tell, books: Sequence[Rows] = ()
) -> Plan:
    """How each tensor is to be held."""
    if spec.keeps_floats:
        return _of_floats(net, spec)
    if spec.equalize:
        net = equalized(net).net
    weight_bits, bits = layer_bits(net, spec)
    scaling = Scaling(_method(spec, 8), spec.percentile, spec.scheme == "power_of_two")
    seen = observed(net, samples, bins=scaling.method != "max", tell=tell)
    bits = {i: width for i, width in bits.items() if _is_seen(net, i, seen)}
    weight_bits = {i: width for i, width in weight_bits.items() if i in bits}
    ranges = ranges_of(net, seen, scaling)
    found = scales(ranges, bits)
    weight_bits, sensitivity = _budgeted(net, samples, spec, weight_bits, found, tell)
    grids = _grids(net, spec, weight_bits, found)
    if spec.scheme != "power_of_two" and spec.per_channel:
        grids = with_shared_values(net, grids, books)
    figures = _figures(net, spec, weight_bits.keys() - _asked(net, spec).keys())
    fits: tuple[LayerFit, ...] = ()
    if spec.correct_bias or spec.rounding == "adaptive":
        search = RoundingSpec() if spec.rounding == "adaptive" else None
        how = Fitting(
            rounding=search,
            correct_bias=spec.correct_bias,
            keep_steps=spec.scheme == "power_of_two",
            seed=spec.seed,
        )
        fit = fitted(net, samples, found, grids, how, tell)
        net, grids, fits = fit.net, dict(fit.grids), fit.layers
    schemes = {w.operator: spec.scheme for w in net.weighted()}
    ends = _ends(net, ranges, spec)
    return Plan(net, found, grids, ends, schemes, fits, figures, sensitivity)


def written(plan: Plan) -> Quantized:
    """The plan's file and tables."""
    net, found = plan.net, plan.scales
    rows = (*_weight_rows(plan), *_activation_rows(plan))
    notes = {
        row.tensor: {"bits": row.bits, "scheme": row.scheme}
        for row in rows
        if row.kind == "weights"
    }
    content = quantized_file(
        net, found.activations, plan.weights, wanted=found.wanted, ends=plan.ends, notes=notes
    )
    fits = tuple(LayerError(f.layer, f.nearest, f.fitted) for f in plan.fits)
    floats = () if plan.keeps_floats else _stayed_float(plan)
    return Quantized(content, rows, fits, plan.figures, plan.sensitivity, floats)


def layer_bits(net: FloatNet, spec: QuantizeSpec) -> tuple[dict[int, int], dict[int, int]]:
    """Bits of the weights by operator with weights, and of activations by integer operator.

    Raises UsageError with the nearest names where a pattern fits no layer, and where operators
    that share weights are to have them at different widths.
    """
    asked = _asked(net, spec)
    widths = {i: asked[i][1] or spec.activations for i in asked}
    for i, operator in enumerate(net.operators):
        rule = rule_of(net, operator)
        if i not in widths and rule is not None and not rule.same:
            widths[i] = spec.activations
    bits = operator_bits(net, widths, spec.activations)
    own = {w.operator: _weight_bits(net, w.operator, spec) for w in net.weighted()}
    weights = {i: asked[i][0] if i in asked else own[i] for i in own if i in bits}
    return {i: b for i, b in weights.items() if b < 32}, bits


def _asked(net: FloatNet, spec: QuantizeSpec) -> dict[int, tuple[int, int]]:
    """What `spec.layers` says of operators, as `layer_width` gives it, and so of their sharers."""
    asked: dict[int, tuple[int, int]] = {}
    for pattern, width in spec.layers:
        found = [i for i in range(len(net.operators)) if net.matches(i, pattern)]
        if not found:
            names = list(dict.fromkeys(net.label(i) for i in range(len(net.operators))))
            near = difflib.get_close_matches(pattern, names, n=3, cutoff=0.3) or names[:5]
            raise UsageError(
                f"quantize.layers.{pattern}: fits no layer; the nearest are {', '.join(near)}"
            )
        asked.update(dict.fromkeys(found, layer_width(width)))
    users = dict[int, list[int]]()
    for w in net.weighted():
        users.setdefault(w.weights, []).append(w.operator)
    for sharers in users.values():
        named = [i for i in sharers if i in asked]
        other = next((i for i in named if asked[i][0] != asked[named[0]][0]), None)
        if other is not None:
            both = " and ".join(f"op {i} {net.label(i)}" for i in (named[0], other))
            widths = " and ".join(_width_name(asked[i][0]) for i in (named[0], other))
            raise UsageError(
                f"quantize.layers: {both} share their weights, which have one width, and are "
                f"asked for {widths}; give both the same"
            )
        if named:
            width = asked[named[0]][0]
            rest = (width, width if width == 32 else 0)
            asked.update(dict.fromkeys((i for i in sharers if i not in asked), rest))
    return asked


def _width_name(bits: int) -> str:
    return "float" if bits == 32 else f"{bits} bits"


def _is_seen(net: FloatNet, index: int, seen: Collection[int]) -> bool:
    """Whether the values of all that an operator reads and makes were seen."""
    operator = net.operators[index]
    read = [operator.inputs[place] for place in operands(net, index)]
    return all(
        t in seen or net.tensors[t].data is not None or not net.tensors[t].is_float
        for t in (*read, *operator.outputs)
    )


def _weight_bits(net: FloatNet, operator: int, spec: QuantizeSpec) -> int:
    if spec.scheme != "dynamic":
        return spec.weights
    weighted = next(w for w in net.weighted() if w.operator == operator)
    return _distribution(net, weighted, spec).bits


def _distribution(net: FloatNet, weighted: Weighted, spec: QuantizeSpec) -> WeightFigures:
    data = net.tensors[weighted.weights].data
    assert data is not None
    axis = weighted.axis if spec.per_channel else None
    return dynamic(net.label(weighted.operator), data, axis, spec.max_error)


def _figures(
    net: FloatNet, spec: QuantizeSpec, operators: Collection[int]
) -> tuple[WidthFigures, ...]:
    """What the widths of these operators follow from; none but with scheme dynamic."""
    if spec.scheme != "dynamic":
        return ()
    found = [_distribution(net, w, spec) for w in net.weighted() if w.operator in operators]
    return tuple(
        WidthFigures(
            f.layer, f.weights, f.low, f.high, f.peak, f.kurtosis,
            {str(bits): error for bits, error in f.errors.items()}, f.bits, f.reason,
        )
        for f in found
    )  # fmt: skip


def _budgeted(
    net: FloatNet,
    samples: Samples,
    spec: QuantizeSpec,
    bits: Mapping[int, int],
    found: Scales,
    tell: Tell,
) -> tuple[dict[int, int], tuple[LayerSensitivity, ...]]:
    """The widths that a budget leaves: those of `bits` where a pattern names the layer."""
    if not spec.budgeted:
        return dict(bits), ()
    named = _asked(net, spec).keys() & bits.keys()
    floats = {w.operator: 32 for w in net.weighted() if w.operator not in bits}
    given = {**{i: bits[i] for i in named}, **floats}

    def grids_at(width: int) -> Mapping[int, Grid]:
        return _grids(net, spec, {i: width for i in bits if i not in named}, found)

    budget = Budget(spec.budget_cost or spec.budget_bytes, spec.costs)
    chosen, table = mixed(net, samples, given, grids_at, budget, tell)
    return {i: b for i, b in chosen.items() if i in bits}, table


def _method(spec: QuantizeSpec, bits: int) -> RangeMethod:
    if spec.ranges == "auto":
        return "max" if bits == 8 else "mse"
    return spec.ranges


def _grids(
    net: FloatNet, spec: QuantizeSpec, bits: Mapping[int, int], found: Scales
) -> dict[int, Grid]:
    inputs = dict[int, Affine]()
    for w in net.weighted():
        place = operands(net, w.operator)[0]
        own = found.wanted.get((w.operator, place), found.activations.get(w.x))
        if own is not None:
            inputs[w.operator] = own
    grids = dict[int, Grid]()
    for width in sorted(set(bits.values())):
        how = Stepping(
            _method(spec, width), spec.percentile, spec.per_channel, spec.scheme == "power_of_two"
        )
        some = {i: b for i, b in bits.items() if b == width}
        grids.update(weight_grids(net, some, how, inputs))
    return grids


def _of_floats(net: FloatNet, spec: QuantizeSpec) -> Plan:
    """Weights alone: float16, or integers that hybrid kernels multiply."""
    weights: dict[int, Weights] = {}
    figures: tuple[WidthFigures, ...] = ()
    found = net.weighted()
    if spec.weights == 16:
        weights.update({w.weights: _halves(net, w) for w in found})
    elif spec.weights < 16:
        bits = {
            w.operator: _weight_bits(net, w.operator, spec)
            for w in found
            if net.operators[w.operator].kind != "TRANSPOSE_CONV"
        }
        weights.update(_grids(net, spec, bits, Scales({}, {})))
        figures = _figures(net, spec, bits)
    schemes = {w.operator: spec.scheme for w in found}
    return Plan(net, Scales({}, {}), weights, {}, schemes, figures=figures, keeps_floats=True)


def _halves(net: FloatNet, weighted: Weighted) -> NDArray[np.float16]:
    """The operator's weights as float16. Raises ModelError where one is beyond its numbers."""
    data = net.tensors[weighted.weights].data
    assert data is not None
    most = float(np.finfo(np.float16).max)
    if not (np.abs(data) <= most).all():
        raise ModelError(
            f"{net.label(weighted.operator)}: a weight is NaN or beyond the {most:.0f} that "
            "float16 holds; train or export the model again, or leave weights at 32 bits"
        )
    return data.astype(np.float16)


def _ends(net: FloatNet, ranges: Ranges, spec: QuantizeSpec) -> dict[int, Form]:
    bits = {"auto": spec.activations, "int8": 8, "int16": 16, "float32": 0}[spec.io]
    ends = [t for t in (*net.inputs, *net.outputs) if ranges.groups.get(t) in ranges.held]
    return {t: ranges.affine(t, bits) if bits else None for t in ends}


def _weight_rows(plan: Plan) -> list[TensorWidth]:
    rows = []
    for w in plan.net.weighted():
        held, name = plan.weights.get(w.weights), plan.net.tensors[w.weights].name
        label = plan.net.label(w.operator)
        if isinstance(held, Grid):
            error = squared_error(plan.net, w, held)
            ends = float(held.steps.min()), float(held.steps.max())
            scheme: Any = plan.scheme[w.operator]
            rows.append(TensorWidth(label, name, "weights", held.bits, scheme, *ends, error))
    return rows


def _activation_rows(plan: Plan) -> list[TensorWidth]:
    rows = []
    scheme: Any = "power_of_two" if "power_of_two" in plan.scheme.values() else "global"
    for tensor, form in plan.scales.activations.items():
        producer = plan.net.producer(tensor)
        label = "input" if producer is None else plan.net.label(producer)
        name, scale = plan.net.tensors[tensor].name, form.scale
        rows.append(TensorWidth(label, name, "activations", form.bits, scheme, scale, scale, None))
    return rows


def _stayed_float(plan: Plan) -> tuple[str, ...]:
    """The operators that compute floats. Raises ModelError where no other works on floats."""
    net, found = plan.net, plan.scales
    floats, in_integers = list[str](), False
    for i, operator in enumerate(net.operators):
        ends = [t for t in (*operator.inputs, *operator.outputs) if t >= 0]
        if not any(net.tensors[t].is_float for t in ends):
            continue
        if computes_integers(net, i, found.activations, plan.weights, found.wanted):
            in_integers = True
        else:
            floats.append(f"{net.label(i)} ({operator.kind})")
    if not in_integers:
        which = ", ".join(floats[:3]) or "none works on floats"
        raise ModelError(
            f"no operator of the model has integer kernels ({which}); convert it as it is, to "
            "float32"
        )
    return tuple(floats)


def _refuse_quantised(net: FloatNet) -> None:
    for operator in net.operators:
        for t in (*operator.inputs, *operator.outputs):
            if t >= 0 and net.tensors[t].type in ("INT8", "UINT8", "INT16", "INT4", "FLOAT16"):
                raise ModelError(
                    f"{net.tensors[t].name}: is {net.tensors[t].type} already; quantisation "
                    "starts from the float32 .tflite file or from the Keras model"
                )


def without_negations(net: FloatNet) -> FloatNet:
    """The net with NEG as a product with -1: the former has no kernel that scales."""
    from tensorflow.lite.python import schema_py_generated as schema

    if not any(op.kind == "NEG" and net.tensors[op.inputs[0]].is_float for op in net.operators):
        return net
    model = unpack(net.content)
    graph = model.subgraphs[0]
    minus = schema.TensorT()
    minus.name, minus.type = b"minus_one", schema.TensorType.FLOAT32
    minus.shape = np.array([1], np.int32)
    minus.buffer = add_buffer(model, np.array([-1.0], np.float32).tobytes())
    graph.tensors.append(minus)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.MUL
    model.operatorCodes.append(code)
    for operator in graph.operators:
        source = int(operator.inputs[0]) if operator.inputs is not None else -1
        if kind_of(model, operator) == "NEG" and net.tensors[source].is_float:
            operator.opcodeIndex = len(model.operatorCodes) - 1
            operator.inputs = np.array([source, len(graph.tensors) - 1], np.int32)
            operator.builtinOptions = schema.MulOptionsT()
            operator.builtinOptionsType = schema.BuiltinOptions.MulOptions
    return read_net(pack(model))


def warnings_of(samples: Samples, source: str) -> tuple[str, ...]:
    """What the representative samples leave to luck. Raises UsageError where they say nothing."""
    for x in samples:
        if x.size and float(x.min()) == float(x.max()):
            raise UsageError(
                f"{source}: an input is {float(x.flat[0]):g} in every sample, which shows no "
                "range; give samples as the device will see them"
            )
    n = len(samples[0])
    if n < _FEW:
        return (f"{source}: {n} samples show little of the ranges; give some hundreds",)
    return ()
