"""Compression of Keras models in memory: each function gives a new model and leaves its argument.

They run in the caller's process with the caller's TensorFlow, which is imported when one is
first called. `data` is x, (x, y), or a dict of arrays by name with the labels in y, samples along
the first axis; options are the fields of the stage's spec, as in edgepack.toml.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from edgepack.compress.aware_spec import AwareGrids, AwareSpec
from edgepack.compress.data import Arrays, arrays_of
from edgepack.compress.pruning_spec import Pruned, PruneSpec
from edgepack.compress.ranges import integers, restored, weight_exponents, weight_steps
from edgepack.compress.spec import DataSpec, ModelFile, QuantizeSpec, Score
from edgepack.compress.tables import spec_of
from edgepack.compress.tuning_spec import ClusterSpec, FineTuneSpec, TuningOptions, WeightsSpec
from edgepack.compress.widths import dynamic
from edgepack.errors import ModelError, UsageError

if TYPE_CHECKING:
    from edgepack.compress.clustering import Clustered
    from edgepack.compress.kernels import Kernel
    from edgepack.compress.sparsity import Sparse
    from edgepack.compress.tuning import Lesson

Data = Any
Tell = Callable[[int, int, str], None]
Scheme = Literal["global", "dynamic", "mixed", "power_of_two"]
SOURCE = "the samples"
_MAX_ERROR = 0.15
_INTEGER_BITS = (2, 4, 8)
_FLOAT_BITS: Mapping[int, Any] = {16: np.float16, 32: np.float32}
S = TypeVar("S", bound=TuningOptions | AwareSpec)


@dataclass(frozen=True, slots=True)
class QuantizedTensor:
    """One kernel on its grid: `error` is the change's root mean square over the weights'."""

    layer: str
    bits: int  # 16 and 32 are floats
    channels: int  # that have a step of their own; 1 for the tensor
    least_step: float
    largest_step: float
    error: float
    reason: str = ""  # why this width, where the scheme chose it


@dataclass(frozen=True, slots=True)
class QuantizedWeights:
    """What quantising the weights of a model did; `spared` are kernels left alone, with why."""

    tensors: tuple[QuantizedTensor, ...]
    spared: Mapping[str, str]
    weight_bytes: int  # of the kernels, packed, and 8 a channel for scale and bias


def quantize_weights(
    model: Any,
    bits: int = 8,
    scheme: Scheme = "global",
    *,
    layers: Mapping[str, int] | None = None,
    max_error: float = _MAX_ERROR,
    per_channel: bool = True,
    exclude: tuple[str, ...] = (),
) -> tuple[Any, QuantizedWeights]:
    """`model` with its kernels rounded to what integers of `bits` stand for.

    `bits` are 2 (-1, 0 and 1), 4, 8, 16 or 32 (floats). "global" gives all kernels that width;
    "dynamic" the narrowest one up to `bits` whose relative error is at most `max_error`; "mixed"
    what `layers` says of names (* and ? match, the last one that fits counts) and `bits` elsewhere;
    "power_of_two" takes steps 2**-p. 8 bits scale by the maximum, fewer by the least squared error.
    """
    from edgepack.compress.kernels import kernels_of
    from edgepack.compress.tuning import copied

    _require_scheme(bits, scheme, layers)
    _require_keras(model)
    copy = copied(model)
    kernels, spared = kernels_of(copy, exclude)
    found = []
    for kernel in kernels:
        values, channels = _by_channel(kernel)
        axis = channels if per_channel else None
        width, reason = _width(kernel.name, values, axis, bits, scheme, layers, max_error)
        near, row = _rounded(kernel.name, values, axis, width, scheme, reason)
        kernel.variable.assign(near.reshape(kernel.variable.shape))
        found.append((row, values.size))
    _require_known(layers, [row.layer for row, _ in found])
    size = sum(-(-n * row.bits // 8) + 8 * row.channels for row, n in found)
    return copy, QuantizedWeights(tuple(row for row, _ in found), spared, size)


def prune_weights(
    model: Any,
    rate: float = 0.5,
    data: Data = None,
    *,
    teacher: Any = None,
    tell: Tell | None = None,
    **options: Any,
) -> tuple[Any, Sparse]:
    """`model` with `rate` of its weights zero, fine-tuned on `data`; later training keeps them.

    Without data all zeros come at once. `options` are WeightsSpec's: pattern, importance,
    schedule, epochs and others. `teacher` is a Keras model to learn from as well.
    """
    from edgepack.compress.sparsity import sparsified
    from edgepack.compress.tuning import silent

    given = {"rate": rate, **options}
    spec, lesson = _asked(WeightsSpec, "prune_weights", model, data, teacher, given)
    return sparsified(model, spec, lesson, name=_name(model), tell=tell or silent)


def prune_neurons(
    model: Any,
    rate: float = 0.5,
    data: Data = None,
    *,
    teacher: Any = None,
    tell: Tell | None = None,
    **options: Any,
) -> tuple[Any, Pruned]:
    """`model` without `rate` of its neurons and filters, fine-tuned on `data`.

    `options` are PruneSpec's: method ("neurons" of dense layers, "filters" of convolutions,
    "channels" of both, the default), importance, ranking, steps, epochs and others.
    """
    from edgepack.compress.channels import prune_channels
    from edgepack.compress.tuning import silent

    if options.get("method") == "layers":
        raise UsageError("prune_neurons: takes channels out; prune_layers takes layers out")
    given = {"rate": rate, **options}
    spec, lesson = _asked(PruneSpec, "prune_neurons", model, data, teacher, given)
    return prune_channels(model, spec, lesson, name=_name(model), tell=tell or silent)


def prune_layers(
    model: Any,
    count: int = 1,
    data: Data = None,
    *,
    teacher: Any = None,
    tell: Tell | None = None,
    **options: Any,
) -> tuple[Any, Pruned]:
    """`model` without the `count` residual blocks or layers that the loss on `data` misses least.

    `options` are PruneSpec's: max_loss, epochs and others.
    """
    from edgepack.compress.layers import prune_layers as smaller
    from edgepack.compress.tuning import silent

    given = {**options, "count": count, "method": "layers"}
    spec, lesson = _asked(PruneSpec, "prune_layers", model, data, teacher, given)
    return smaller(model, spec, lesson, name=_name(model), tell=tell or silent)


def cluster_weights(
    model: Any,
    entries: int = 16,
    data: Data = None,
    *,
    teacher: Any = None,
    tell: Tell | None = None,
    **options: Any,
) -> tuple[Any, Clustered]:
    """`model` whose kernels hold at most `entries` values each; later training keeps the sharing.

    `options` are ClusterSpec's: group (output channels a codebook), epochs and others.
    """
    from edgepack.compress.clustering import clustered
    from edgepack.compress.tuning import silent

    given = {"entries": entries, **options}
    spec, lesson = _asked(ClusterSpec, "cluster_weights", model, data, teacher, given)
    return clustered(model, spec, lesson, name=_name(model), tell=tell or silent)


def fine_tune(
    model: Any,
    data: Data,
    epochs: int = 10,
    *,
    teacher: Any = None,
    tell: Tell | None = None,
    **options: Any,
) -> tuple[Any, tuple[float, ...]]:
    """`model` trained further, masks and codebooks kept, and the loss of each epoch.

    `options` are FineTuneSpec's: batch_size, learning_rate, temperature and others.
    """
    from edgepack.compress.tuning import fine_tuned, silent

    given = {"epochs": epochs, **options}
    spec, lesson = _asked(FineTuneSpec, "fine_tune", model, data, teacher, given)
    assert lesson is not None
    return fine_tuned(model, spec, lesson, tell=tell or silent)


def train_quantized(
    model: Any,
    data: Data,
    weights: int = 8,
    *,
    teacher: Any = None,
    tell: Tell | None = None,
    **options: Any,
) -> tuple[Any, AwareGrids]:
    """`model` with layers that round as the .tflite's will, trained so, and their grids.

    `options` are AwareSpec's: activations, scheme, layers, ends, epochs, distill and others.
    `tflite_of` then writes the integers that were trained with.
    """
    from edgepack.compress.aware_training import quantization_aware
    from edgepack.compress.tuning import silent

    given = {"weights": weights, **options}
    spec, lesson = _asked(AwareSpec, "train_quantized", model, data, teacher, given)
    assert lesson is not None
    return quantization_aware(model, spec, lesson.samples, lesson.distill, tell or silent)


def score_model(model: Any, data: Data) -> Score:
    """The model's accuracy on labelled data (mean squared error on values), in Python."""
    from edgepack.compress.load import of_keras
    from edgepack.compress.score import score

    samples = samples_of(model, data)
    return score(
        of_keras(model, Path(_name(model)), _file(model)).predict(samples.inputs)[0],
        samples,
        SOURCE,
    )


def samples_of(model: Any, data: Data) -> Arrays:
    """`data` as the model's inputs and labels, checked."""
    from edgepack.compress.load import of_keras

    _require_keras(model)
    network = of_keras(model, Path(_name(model)), _file(model))
    return arrays_of(data, network.inputs, SOURCE)


def tflite_of(model: Any, data: Data, folder: Path, **options: Any) -> bytes:
    """The .tflite file of `model`, quantised as QuantizeSpec's `options` say, ranges from `data`.

    Without options int8; `activations=32, weights=32` is float. `folder` is scratch space.
    """
    from edgepack.compress.aware_export import learned
    from edgepack.compress.conversion import Job, to_tflite
    from edgepack.compress.floatnet import read_net
    from edgepack.compress.load import of_keras
    from edgepack.compress.quantizer import quantized_net, written
    from edgepack.compress.tuning import silent

    samples = samples_of(model, data)
    spec = spec_of(QuantizeSpec, options, "evaluate", {"data": DataSpec(source=SOURCE)})
    network = of_keras(model, Path(_name(model)), _file(model))
    drawn = samples.drawn(spec.samples or samples.n, spec.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's, of its own interpreter
        job = Job(folder, "model.tflite", silent)
        if network.trained_rounded:
            return written(learned(network, drawn, spec, job)[0]).content
        content = to_tflite(network, job)
        if (spec.weights, spec.activations) == (32, 32):
            return content
        return quantized_net(read_net(content), drawn.inputs, spec).content


def _asked(
    kind: type[S], where: str, model: Any, data: Data, teacher: Any, options: Mapping[str, Any]
) -> tuple[S, Lesson | None]:
    """The spec of `options`, and what there is to learn from."""
    from edgepack.compress.objective import distilled_by
    from edgepack.compress.tuning import Lesson

    _require_keras(model)
    for name in ("data", "test", "teacher", "trust_model"):
        if name in options:
            raise UsageError(
                f"{where}: {name!r} is of files; here `data` are arrays and `teacher` is a model"
            )
    named = {} if data is None else {"data": DataSpec(source=SOURCE)}
    spec = spec_of(kind, options, where, named)
    if data is None:
        if teacher is not None:
            raise UsageError(f"{where}: a teacher is asked about samples; give `data` as well")
        return spec, None
    samples = samples_of(model, data)
    if teacher is None:
        return spec, Lesson(samples, SOURCE)
    answers = distilled_by(
        teacher,
        samples_of(teacher, data),
        spec.loss,
        SOURCE,
        spec.temperature,
        spec.teacher_weight,
    )
    return spec, Lesson(samples, SOURCE, answers)


def _require_keras(model: Any) -> None:
    from edgepack.compress.load import check_toolchain

    check_toolchain()
    import keras

    if not isinstance(model, keras.Model):
        raise UsageError(
            f"a Keras model is wanted, not {type(model).__name__}; for a file see "
            "edgepack.prune_model and edgepack.quantize_model"
        )
    if not model.built or not hasattr(model, "inputs") or model.inputs is None:
        raise ModelError(
            f"{model.name}: has no input shape yet; give it a keras.Input, or call build"
        )


def _require_scheme(bits: int, scheme: str, layers: Mapping[str, int] | None) -> None:
    known = get_args(Scheme)
    if scheme not in known:
        raise UsageError(
            f"quantize_weights: scheme {scheme!r} is not known; known: {', '.join(known)}"
        )
    for width in (bits, *(layers or {}).values()):
        if width not in (*_INTEGER_BITS, *_FLOAT_BITS):
            raise UsageError(
                f"quantize_weights: {width} bits are not known; known: 2, 4, 8, 16 and 32 (floats)"
            )
    if (scheme == "mixed") != bool(layers):
        raise UsageError(
            "quantize_weights: scheme 'mixed' and `layers` go together: {'conv*': 4, 'dense': 8}"
        )
    if bits in _FLOAT_BITS and scheme in ("dynamic", "power_of_two"):
        raise UsageError(
            f"quantize_weights: {bits} bits are floats, which scheme {scheme!r} has not; "
            "take 2, 4 or 8"
        )


def _require_known(layers: Mapping[str, int] | None, names: list[str]) -> None:
    for pattern in layers or {}:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise UsageError(
                f"quantize_weights: {pattern!r} fits no layer; there are {', '.join(names)}"
            )


def _width(
    name: str,
    values: NDArray[np.float32],
    axis: int | None,
    bits: int,
    scheme: str,
    layers: Mapping[str, int] | None,
    max_error: float,
) -> tuple[int, str]:
    """The width of one kernel, and why where the scheme chose it."""
    if scheme == "dynamic":
        widths = [width for width in _INTEGER_BITS if width <= bits]
        found = dynamic(name, values, axis, max_error, widths=widths)
        return found.bits, found.reason
    fitting = [width for pattern, width in (layers or {}).items() if fnmatchcase(name, pattern)]
    return (fitting[-1], "") if fitting else (bits, "")


def _rounded(
    name: str,
    values: NDArray[np.float32],
    axis: int | None,
    bits: int,
    scheme: str,
    reason: str,
) -> tuple[NDArray[np.float32], QuantizedTensor]:
    """The values on their grid, and what that did."""
    if bits in _FLOAT_BITS:
        near, steps = values.astype(_FLOAT_BITS[bits]).astype(np.float32), np.zeros(1)
    else:
        method: Literal["max", "mse"] = "max" if bits == 8 else "mse"
        if scheme == "power_of_two":
            steps = np.exp2(-weight_exponents(values, axis, bits, method, name=name).astype(float))
        else:
            steps = weight_steps(values, axis, bits, method, name=name)
        near = restored(integers(values, steps, axis, bits), steps, axis)
    energy = float(np.square(values, dtype=np.float64).sum())
    wrong = float(np.square(near - values, dtype=np.float64).sum())
    row = QuantizedTensor(
        layer=name,
        bits=bits,
        channels=len(steps),
        least_step=float(steps.min()),
        largest_step=float(steps.max()),
        error=float(np.sqrt(wrong / energy)) if energy else 0.0,
        reason=reason,
    )
    return near, row


def _by_channel(kernel: Kernel) -> tuple[NDArray[np.float32], int]:
    """The kernel's values, and the axis of the channels that have a step of their own."""
    from edgepack.compress.follow import DEPTHWISE, kind_of

    values = kernel.values
    if kernel.variable.name == "depthwise_kernel" or kind_of(kernel.layer) in DEPTHWISE:
        return values.reshape(*values.shape[:-2], -1), values.ndim - 2
    return values, values.ndim - (2 if kernel.transposed else 1)


def _name(model: Any) -> str:
    return str(model.name)


def _file(model: Any) -> ModelFile:
    return ModelFile(_name(model), "", 0)
