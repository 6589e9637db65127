"""Compression of Keras models in memory: each function gives a new model and leaves its argument.

They run in the caller's process with the caller's TensorFlow, which is imported when one is
first called. `data` is x, (x, y), or a dict of arrays by name with the labels in y, samples along
the first axis; options are the fields of the stage's spec, as in edgepack.toml.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from edgepack.compress.aware.spec import AwareGrids, AwareSpec
from edgepack.compress.data import Arrays, arrays_of
from edgepack.compress.pruning.spec import Pruned, PruneSpec
from edgepack.compress.quantizing.rounded import require_keras
from edgepack.compress.spec import DataSpec, ModelFile, QuantizeSpec, Score
from edgepack.compress.tables import spec_of
from edgepack.compress.tuning.spec import ClusterSpec, FineTuneSpec, TuningOptions, WeightsSpec
from edgepack.errors import UsageError

if TYPE_CHECKING:
    from edgepack.compress.pruning.clustering import Clustered
    from edgepack.compress.pruning.sparsity import Sparse
    from edgepack.compress.tuning.lesson import Lesson

Data = Any
Tell = Callable[[int, int, str], None]
SOURCE = "the samples"
_OF_FILES = ("data", "test", "teacher", "trust_model")  # options of stages on files alone
S = TypeVar("S", bound=TuningOptions)


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
    from edgepack.compress.pruning.sparsity import sparsified
    from edgepack.compress.tuning.lesson import silent

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
    from edgepack.compress.pruning.channels import prune_channels
    from edgepack.compress.tuning.lesson import silent

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
    from edgepack.compress.pruning.layers import prune_layers as smaller
    from edgepack.compress.tuning.lesson import silent

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
    from edgepack.compress.pruning.clustering import clustered
    from edgepack.compress.tuning.lesson import silent

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
    from edgepack.compress.tuning.lesson import fine_tuned, silent

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

    `options` are AwareSpec's: activations, scheme, layers, ends, epochs and others. `teacher`
    is a Keras model to learn from as well, usually `model`.
    `tflite_of` then writes the integers that were trained with.
    """
    from edgepack.compress.aware.stage import quantization_aware
    from edgepack.compress.tuning.lesson import silent

    given = {"weights": weights, **options}
    spec, lesson = _asked(AwareSpec, "train_quantized", model, data, teacher, given)
    assert lesson is not None
    return quantization_aware(model, spec, lesson, tell or silent)


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

    require_keras(model)
    network = of_keras(model, Path(_name(model)), _file(model))
    return arrays_of(data, network.inputs, SOURCE)


def tflite_of(model: Any, data: Data, folder: Path, **options: Any) -> bytes:
    """The .tflite file of `model`, quantised as QuantizeSpec's `options` say, ranges from `data`.

    Without options int8; `activations=32, weights=32` is float. `folder` is scratch space.
    """
    from edgepack.compress.aware.export import learned
    from edgepack.compress.conversion import Job, to_tflite
    from edgepack.compress.load import of_keras
    from edgepack.compress.quantizing.floatnet import read_net
    from edgepack.compress.quantizing.quantizer import quantized_net, written
    from edgepack.compress.tuning.lesson import silent

    samples = samples_of(model, data)
    spec = spec_of(QuantizeSpec, options, "evaluate", {"data": DataSpec(source=SOURCE)}, _OF_FILES)
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
    from edgepack.compress.tuning.lesson import Lesson, require_unrounded
    from edgepack.compress.tuning.objective import distilled_by

    require_keras(model)
    if not issubclass(kind, (AwareSpec, FineTuneSpec)):
        require_unrounded(model, _name(model))
    named = {} if data is None else {"data": DataSpec(source=SOURCE)}
    spec = spec_of(kind, options, where, named, _OF_FILES)
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


def _name(model: Any) -> str:
    return str(model.name)


def _file(model: Any) -> ModelFile:
    return ModelFile(_name(model), "", 0)
