"""Makes a Keras model round its weights and activations as its .tflite will. Runs in the worker.

Kernels get one step a channel, started at the least squared error; each tensor that TFLite keeps
gets a grid, started at the largest value on samples. Tensors that TFLite wants on one scale (both
sides of pooling, reshaping, padding and concatenation) share a grid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.aware.normal_form import (
    NormalForm,
    activation_of,
    by_channel,
    consumers,
    fuses,
    has_kernel,
    normal_form,
)
from edgepack.compress.aware.spec import AwareSpec
from edgepack.compress.data import Arrays
from edgepack.compress.pruning.follow import kind_of
from edgepack.compress.pruning.rebuild import Copies, rebuilt, single
from edgepack.compress.pruning.unroll import Call
from edgepack.compress.quantizing.ranges import RangeMethod, affine, weight_exponents, weight_steps
from edgepack.errors import ModelError, UsageError

_BATCH = 32
_MOVERS = (
    *("MaxPooling1D", "MaxPooling2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D"),
    *("Reshape", "Flatten", "Permute", "RepeatVector", "Identity", "Concatenate"),
    *("ZeroPadding1D", "ZeroPadding2D", "Cropping1D", "Cropping2D", "UpSampling1D"),
    *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianNoise", "GaussianDropout"),
    *(
        "Maximum",
        "Minimum",
        "ActivityRegularization",
        "Transpose",
        "Squeeze",
        "ExpandDims",
        "GetItem",
        "Split",
    ),
)
_SAME_SCALE = ("AveragePooling1D", "AveragePooling2D", "UpSampling2D")
_FIXED_8 = {"sigmoid": (2.0**-8, -128), "softmax": (2.0**-8, -128), "tanh": (2.0**-7, 0)}
_FIXED_16 = dict.fromkeys(_FIXED_8, (2.0**-15, 0))
_NOTHING = 2.0**-7


def make_aware(model: Any, spec: AwareSpec, samples: Arrays, name: str = "model") -> Any:
    """A new Keras model with fake-quantised layers in place of those of `model`.

    Raises UsageError where it already has some or `spec.layers` names what has no kernel, and
    ModelError where nothing can be quantised; `name` begins the messages.
    """
    from edgepack.compress.aware.layers import AWARE, FakeQuantize, is_aware

    if is_aware(model):
        raise UsageError(
            f"{name}: its layers round already; `quantize` it, `fine-tune` it further, or start "
            "from the float model"
        )
    power = spec.scheme == "power_of_two"
    form = normal_form(model, name, fold=power)
    graph = form.graph
    bits = _bits(form, spec, name)
    grids = _grids(form, spec.activations)
    extremes = _extremes(form, sorted(grids.shared), samples, name)
    copies, quantizers = Copies(), Copies()
    steps: dict[Any, tuple[Any, Any]] = {}

    def chain(i: int, call: Call) -> list[Any]:
        layer = call.operation
        if layer.name not in bits:
            return [copies.same(layer)]
        kind = AWARE[kind_of(layer)]
        own = {"bits": bits[layer.name], "power_of_two": power, "learned": not _has_codebook(layer)}
        config = {**layer.get_config(), **own}
        made = copies.of(id(layer), kind, config)
        steps.setdefault(id(layer), (layer, made))
        return [made]

    def after(tensor: int) -> Any:
        if tensor not in grids.shared:
            return None
        root = grids.root(tensor)
        fixed = root in grids.fixed
        config = {
            "name": f"grid_{len(quantizers.made)}",
            "bits": spec.activations,
            "power_of_two": power,
            "learned": not fixed,
        }
        if root in quantizers.made:
            return quantizers.made[root]
        return quantizers.of(root, FakeQuantize, config)

    aware = rebuilt(graph, chain, after).model
    copies.give_weights()
    for layer, made in steps.values():
        _start_kernel(layer, made, form.gains.get(layer.name))
    for root, quantizer in quantizers.made.items():
        quantizer.start(*_first_affine(grids, root, extremes, spec))
    return aware


@dataclass
class Grids:
    """Which tensors get a grid, and which of them the same."""

    parent: dict[int, int] = field(default_factory=dict)
    shared: set[int] = field(default_factory=set)  # tensors that are rounded
    fixed: dict[int, tuple[float, int]] = field(default_factory=dict)  # of roots: what TFLite says

    def root(self, tensor: int) -> int:
        """The tensor that stands for the grid of `tensor`."""
        while self.parent.get(tensor, tensor) != tensor:
            tensor = self.parent[tensor]
        return tensor

    def unite(self, left: int, right: int) -> None:
        """Give both one grid."""
        first, second = sorted((self.root(left), self.root(right)))
        if first == second:
            return
        self.parent[second] = first
        if second in self.fixed:
            self.fixed[first] = self.fixed.pop(second)


def _grids(form: NormalForm, bits: int) -> Grids:
    """Tensors that TFLite keeps, less those it leaves alone: softmax and the like at the end."""
    graph, readers = form.graph, consumers(form.graph)
    fixed = _FIXED_8 if bits == 8 else _FIXED_16
    grids = Grids(shared=set(_floats(form, graph.inputs)))
    for i, call in enumerate(graph.calls):
        made = _floats(form, call.outputs)
        if not made or fuses(graph, readers, i):
            continue
        kind, activation = kind_of(call.operation), _alone(call)
        moves = kind in _MOVERS or activation == "linear"
        if moves or kind in _SAME_SCALE:
            moved = _share(grids, _floats(form, call.inputs), made)
            if moves and moved:
                continue
        elif activation in fixed:
            grids.fixed[made[0]] = fixed[activation]
        grids.shared.update(made)
    ends = {grids.root(t) for t in graph.outputs}
    grids.shared = {t for t in grids.shared if grids.root(t) not in ends & set(grids.fixed)}
    return grids


def _alone(call: Call) -> str:
    """The activation that is the whole operation, or ""."""
    alone = ("Activation", "Softmax", "Sigmoid", "Tanh")
    return activation_of(call.operation) if kind_of(call.operation) in alone else ""


def _share(grids: Grids, given: list[int], made: list[int]) -> bool:
    """Give the call's tensors one grid; False where its inputs bring several of fixed scale."""
    roots = {grids.root(t) for t in given}
    bound = roots & set(grids.fixed)
    if len(roots) > 1 and bound:
        given = [t for t in given if grids.root(t) not in bound]
    for tensor in [*given, *made[1:]]:
        grids.unite(tensor, made[0])
    return not (len(roots) > 1 and bound)


def _floats(form: NormalForm, tensors: Sequence[int]) -> list[int]:
    return [t for t in tensors if form.types.get(t, "").startswith("float")]


def _bits(form: NormalForm, spec: AwareSpec, name: str) -> Mapping[str, int]:
    """The bits of each layer with a kernel, by its name in normal form."""
    layers = [call.operation.name for call in form.graph.calls if has_kernel(call.operation)]
    layers = list(dict.fromkeys(layers))
    if not layers:
        raise ModelError(
            f"{name}: no convolution or dense layer whose weights could be quantised; `quantize` "
            "calibrates what it has"
        )
    bits = dict.fromkeys(layers, spec.weights)
    if spec.ends:
        bits[layers[0]] = bits[layers[-1]] = spec.ends
    for pattern, width in spec.layers:
        hit = [layer for layer in layers if _matches(pattern, layer, form.origins)]
        if not hit:
            raise UsageError(f"{name}: {_no_match(pattern, form, layers)}")
        bits.update(dict.fromkeys(hit, width))
    return bits


def _matches(pattern: str, layer: str, origins: Mapping[str, str]) -> bool:
    return fnmatchcase(layer, pattern) or fnmatchcase(origins.get(layer, layer), pattern)


def _no_match(pattern: str, form: NormalForm, layers: list[str]) -> str:
    others = [call.operation for call in form.graph.calls]
    hit = [o for o in others if fnmatchcase(o.name, pattern) and getattr(o, "weights", None)]
    if hit:
        return (
            f"layer {hit[0].name!r} ({kind_of(hit[0])}) cannot be trained at chosen bits; leave it "
            "out of the policy, and `quantize` rounds its weights to 8 bits afterwards"
        )
    shown = ", ".join(layers[:12]) + (", ..." if len(layers) > 12 else "")
    return f"pattern {pattern!r} names no layer with a kernel; those are {shown}"


def _has_codebook(layer: Any) -> bool:
    from edgepack.compress.pruning.constraints import Codebook

    return isinstance(layer.kernel.constraint, Codebook)


def left_out(model: Any) -> tuple[str, ...]:
    """Names of layers with weights that stay as they were, batch norm aside."""
    from edgepack.compress.aware.layers import AwareKernel, FakeQuantize

    own = (AwareKernel, FakeQuantize)
    return tuple(
        layer.name
        for layer in model.layers
        if layer.weights and not isinstance(layer, own) and kind_of(layer) != "BatchNormalization"
    )


def _extremes(
    form: NormalForm, tensors: list[int], samples: Arrays, name: str
) -> Mapping[int, tuple[float, float]]:
    """The least and the largest value of each tensor over the samples, with float weights."""
    import keras

    copies = Copies()
    plain = rebuilt(form.graph, lambda i, call: [copies.same(call.operation)])
    copies.give_weights()
    probe = keras.Model(plain.model.inputs, [plain.tensors[t] for t in tensors])
    least, most = np.full(len(tensors), np.inf), np.full(len(tensors), -np.inf)
    for first in range(0, samples.n, _BATCH):
        x = single([x[first : first + _BATCH] for x in samples.inputs])
        values = probe.predict_on_batch(x)
        for j, value in enumerate(values if isinstance(values, list) else [values]):
            least[j] = min(least[j], np.min(value))
            most[j] = max(most[j], np.max(value))
    if not (np.isfinite(least).all() and np.isfinite(most).all()):
        raise ModelError(
            f"{name}: answers NaN or infinity to some of the samples; look for broken samples "
            "or weights"
        )
    return {t: (float(least[j]), float(most[j])) for j, t in enumerate(tensors)}


def _first_affine(
    grids: Grids, root: int, extremes: Mapping[int, tuple[float, float]], spec: AwareSpec
) -> tuple[float, int]:
    if root in grids.fixed:
        return grids.fixed[root]
    seen = [ends for t, ends in extremes.items() if grids.root(t) == root]
    low = min(0.0, *(ends[0] for ends in seen))
    high = max(0.0, *(ends[1] for ends in seen))
    scale, zero = affine(low, high, spec.activations)
    if not low < high:
        return _NOTHING, zero
    least, most = (-128, 127) if spec.activations == 8 else (-32767, 32767)
    if spec.scheme == "power_of_two":
        scale = 2.0 ** np.ceil(np.log2(scale) - 1e-6)
        zero = int(np.clip(np.rint(least - low / scale), least, most)) if least == -128 else 0
    cover = max(high / (most - zero) if most > zero else 0.0, low / (least - zero or 1))
    return (scale if spec.scheme == "power_of_two" else max(cover, 1e-12)), zero


def _start_kernel(layer: Any, made: Any, gain: NDArray[np.float32] | None) -> None:
    """The layer's own weights, and the steps of the least squared error.

    Weights stay as they were before a batch norm was folded, so that training takes steps that fit
    them; `gain` is what the folding multiplied. A codebook's values have one step in all channels,
    so that they are as few as integers.
    """
    values = layer.get_weights()
    rows = made.channels_last(values[0])
    if gain is not None:
        values[0] = values[0] / by_channel(kind_of(layer), values[0], gain)
        made.gain.assign(gain)
    made.set_weights([*values, *made.get_weights()[len(values) :]])
    if not made.learned:
        method: RangeMethod = "max" if made.bits == 8 else "mse"
        step = weight_steps(rows, None, made.bits, method, name=layer.name)
        steps = np.broadcast_to(step, rows.shape[1])
        steps = np.exp2(np.ceil(np.log2(steps))) if made.power_of_two else steps
    elif made.power_of_two:
        steps = np.exp2(-weight_exponents(rows, 1, made.bits, "mse", name=layer.name).astype(float))
    else:
        steps = weight_steps(rows, 1, made.bits, "mse", name=layer.name)
    made.start(steps)
