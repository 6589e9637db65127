"""Fine-tuning and distillation on small models: what is learnt, kept, and saved from divergence."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepack import compress
from edgepack.compress import DataSpec, FineTuneSpec, WeightsSpec, Worker
from edgepack.compress.data import Arrays
from edgepack.errors import TrainingError, UsageError
from tests.system.small_net import N, kernels, lesson, network

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)


def test_a_pupil_learns_from_the_teacher_alone(trained: Any, arrays: Arrays) -> None:
    from edgepack.compress.tuning.lesson import fine_tuned
    from edgepack.compress.tuning.objective import distilled_by

    unlabelled = Arrays(arrays.inputs, None)
    answers = distilled_by(trained, unlabelled, "auto", "the samples")
    np.testing.assert_allclose(
        np.exp(answers.logits), trained.predict(arrays.inputs[0], verbose=0), atol=1e-6
    )
    spec = FineTuneSpec(data=DataSpec(source="d"), epochs=6, learning_rate=1e-2)
    pupil, losses = fine_tuned(network(seed=5), spec, lesson(unlabelled, distill=answers))
    assert losses[-1] < 0.5 * losses[0]
    agreement = pupil.predict(arrays.inputs[0], verbose=0).argmax(1) == answers.logits.argmax(1)
    assert agreement.mean() > 0.6


def test_the_loss_of_distillation_is_hintons(arrays: Arrays) -> None:
    from edgepack.compress.tuning.objective import Distill, objective

    rng = np.random.default_rng(2)
    teacher = rng.normal(size=(N, 5)).astype(np.float32)
    y, loss = objective(network(), arrays, "auto", "d", Distill(teacher, 3.0, 0.7))
    logits = rng.normal(size=(N, 5))

    def soft(values: np.ndarray) -> np.ndarray:
        e = np.exp(values - values.max(1, keepdims=True))
        return np.asarray(e / e.sum(1, keepdims=True))

    p, q = soft(teacher / 3.0), soft(logits / 3.0)
    near = 9.0 * (p * np.log(p / q)).sum(1).mean()
    hard = -np.log(soft(logits)[np.arange(N), arrays.labels]).mean()
    wanted = 0.7 * near + 0.3 * hard
    assert float(loss(y, soft(logits).astype(np.float32))) == pytest.approx(wanted, rel=1e-5)


def test_a_teacher_of_other_outputs_is_refused(
    worker: Worker, data: DataSpec, saved: Path, tmp_path: Path
) -> None:
    import keras

    other = keras.Sequential(
        [keras.Input((8, 8, 4)), keras.layers.Flatten(), keras.layers.Dense(7, "softmax")]
    )
    other.save(tmp_path / "t.keras")
    spec = FineTuneSpec(data=data, epochs=1, teacher=str(tmp_path / "t.keras"))
    with pytest.raises(UsageError) as caught:
        compress.apply(saved, spec, tmp_path / "o.keras", worker=worker)
    assert str(caught.value) == (
        f"{data.source}: the teacher answers [{N}, 7], the model [{N}, 5]; "
        "take a teacher of the same outputs"
    )


def test_what_diverges_keeps_the_last_good_weights(arrays: Arrays) -> None:
    from edgepack.compress.tuning.fit import FitSpec, fit

    model = network()
    seen: list[list[np.ndarray]] = []

    def tell(done: int, total: int, text: str) -> None:
        seen.append([w.copy() for w in model.get_weights()])

    def poison(step: int, steps: int) -> None:
        kernel = model.get_layer("dense").kernel
        kernel.assign(kernel.numpy() * np.nan)

    spec = FitSpec(3, 32, 1e-3, "auto", 0, "d.npz")
    with pytest.raises(TrainingError) as caught:
        fit(model, arrays, spec, tell, poison, at={12})
    assert str(caught.value) == (
        "the loss is no longer a number in epoch 2 of 3; the model keeps its weights after epoch "
        "1. Lower the learning rate (0.001), and look for wild values in d.npz"
    )
    assert len(seen) == 1
    for kept, now in zip(seen[0], model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, now)


def test_fine_tuning_keeps_zeros_and_says_its_losses(
    worker: Worker, saved: Path, data: DataSpec, tmp_path: Path
) -> None:
    compress.apply(saved, WeightsSpec(rate=0.5), tmp_path / "s.keras", worker=worker)
    spec = FineTuneSpec(data=data, epochs=2, teacher=str(saved))
    report = compress.apply(tmp_path / "s.keras", spec, tmp_path / "f.keras", worker=worker)
    assert isinstance(report, compress.FineTuneReport)
    assert len(report.losses) == 2
    import keras

    loaded = keras.saving.load_model(tmp_path / "f.keras")
    for kernel in kernels(loaded).values():
        assert np.count_nonzero(kernel == 0) == round(0.5 * kernel.size)


def test_the_last_good_model_is_a_file(
    monkeypatch: pytest.MonkeyPatch, trained: Any, saved: Path, data: DataSpec, tmp_path: Path
) -> None:
    import keras

    from edgepack.compress import worker as process
    from edgepack.compress.tuning.fit import Diverged

    def run(*_: Any) -> Any:
        raise Diverged("the loss is no longer a number", trained)

    monkeypatch.setattr(process, "_run", run)
    (tmp_path / "scratch").mkdir()
    event = process._answer({"stage": "fine_tune"}, tmp_path / "scratch", lambda event: None)

    class Answering:
        def call(self, request: Any, on_progress: Any) -> Any:
            error = TrainingError(event["message"])
            error.last_good = Path(event["file"])
            raise error

    spec, out = FineTuneSpec(data=data), tmp_path / "out.keras"
    with pytest.raises(TrainingError) as caught:
        compress.apply(saved, spec, out, worker=Answering())  # type: ignore[arg-type]
    rescued = tmp_path / "out.last-good.keras"
    assert str(caught.value) == (
        f"the loss is no longer a number. The model as it was then is in {rescued}"
    )
    assert not out.exists()
    for kept, good in zip(
        keras.saving.load_model(rescued).get_weights(), trained.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(kept, good)


def test_augmented_batches_reach_the_model_and_repeat(arrays: Arrays) -> None:
    import tensorflow as tf

    from edgepack.compress.tuning.fit import FitSpec, fit

    seeds: list[tuple[int, ...]] = []

    def augment(x: Any, seed: Any) -> Any:
        tf.py_function(lambda s: seeds.append(tuple(s.numpy().tolist())), [seed], [])
        return x + tf.random.stateless_normal(tf.shape(x), seed)

    def losses(how: Any) -> tuple[float, ...]:
        return fit(network(), arrays, FitSpec(2, 64, 1e-3, "auto", 7, "d", None, how), tell)

    def tell(done: int, total: int, text: str) -> None:
        pass

    first = losses(augment)
    assert first == losses(augment)
    assert first != losses(None)
    assert set(seeds) == {(7, number) for number in range(2 * N // 64)}
