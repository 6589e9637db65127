"""Zeros and codebooks on small models: what is asked for holds, and stays."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgepack import compress
from edgepack.compress import ClusterSpec, DataSpec, WeightsSpec, Worker
from edgepack.compress.data import Arrays
from edgepack.errors import ModelError, UsageError
from tests.system.small_net import kernels, lesson

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)


def rows(kernel: np.ndarray) -> np.ndarray:
    return np.moveaxis(kernel, -1, 0).reshape(kernel.shape[-1], -1)


def sparse(model: Any, arrays: Arrays | None, **keys: Any) -> Any:
    from edgepack.compress.pruning.sparsity import sparsified

    keys = {"epochs": 1, **keys}
    spec = WeightsSpec(data=DataSpec(source="d") if arrays else None, **keys)
    return sparsified(model, spec, lesson(arrays) if arrays else None)


def most_in_a_run(values: np.ndarray, run: int) -> int:
    flat = rows(values)
    padded = np.pad(flat != 0, ((0, 0), (0, -flat.shape[1] % run)))
    return int(padded.reshape(len(flat), -1, run).sum(-1).max())


@pytest.mark.parametrize(
    "keys",
    [
        {"pattern": "2:4"},
        {"pattern": "1:4", "importance": "taylor", "epochs": 0},
        {"pattern": "1:4", "schedule": "one-shot", "epochs": 0},
        pytest.param(
            {"pattern": "2:4", "importance": "movement", "ranking": "global"},
            marks=pytest.mark.long,
        ),
        pytest.param(
            {"pattern": "2:4", "schedule": "rewind", "steps": 2, "epochs": 1},
            marks=pytest.mark.long,
        ),
    ],
)
def test_n_of_m_holds_in_every_schedule(trained: Any, arrays: Arrays, keys: dict[str, Any]) -> None:
    before = trained.get_weights()
    model, done = sparse(trained, arrays, **keys)
    n = int(keys["pattern"][0])
    for name in ("conv", "point", "dense"):
        assert most_in_a_run(kernels(model)[name], 4) == n
    assert list(done.spared) == ["depthwise"]
    assert np.count_nonzero(kernels(model)["depthwise"]) == 72
    for old, now in zip(before, trained.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now)


@pytest.mark.parametrize(
    "keys",
    [
        {"importance": "movement"},
        {"ranking": "global", "epochs": 0},
        {"importance": "taylor", "epochs": 0},
        pytest.param({}, marks=pytest.mark.long),
    ],
)
def test_the_rate_holds(trained: Any, arrays: Arrays, keys: dict[str, Any]) -> None:
    model, done = sparse(trained, arrays, rate=0.75, **keys)
    assert done.zero_weights == pytest.approx(0.75, abs=0.01)
    if "ranking" not in keys:
        for kernel in kernels(model).values():
            assert np.count_nonzero(kernel == 0) == round(0.75 * kernel.size)


def test_rewinding_goes_back_to_the_early_weights(trained: Any, arrays: Arrays) -> None:
    from edgepack.compress.pruning.sparsity import sparsified

    seen: dict[str, Any] = {}
    spec = WeightsSpec(
        data=DataSpec(source="d"), rate=0.8, schedule="rewind", steps=2, epochs=1, rewind_epochs=0
    )
    _, done = sparsified(
        trained,
        spec,
        lesson(arrays),
        watch=lambda name, model: seen.update({name: kernels(model)}),
    )
    assert list(seen) == ["cut", "rewound 1", "rewound 2", "fine-tuned"]
    whole = kernels(trained)
    for name, kernel in seen["rewound 2"].items():
        kept = kernel != 0
        np.testing.assert_array_equal(kernel[kept], whole[name][kept])
    first = sum(int((kernel == 0).sum()) for kernel in seen["rewound 1"].values())
    total = sum(kernel.size for kernel in whole.values())
    assert first / total == pytest.approx(1 - 0.2**0.5, abs=0.01)
    assert done.zero_weights == pytest.approx(0.8, abs=0.01)


def test_zeros_survive_saving_and_a_users_own_fit(
    trained: Any, arrays: Arrays, tmp_path: Path
) -> None:
    import keras

    model, _ = sparse(trained, None, rate=0.6)
    model.save(tmp_path / "s.keras")
    loaded = keras.saving.load_model(tmp_path / "s.keras")
    before = kernels(loaded)
    loaded.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    loaded.fit(arrays.inputs[0], arrays.labels, epochs=2, verbose=0)
    for name, kernel in kernels(loaded).items():
        np.testing.assert_array_equal(kernel == 0, before[name] == 0)
        assert np.abs(kernel - before[name]).max() > 1e-3
        assert (kernel == 0).any()


def test_zeros_only_ever_grow(trained: Any, arrays: Arrays) -> None:
    first, _ = sparse(trained, None, rate=0.5)
    second, _ = sparse(first, arrays, rate=0.75, importance="taylor", epochs=0)
    for name, kernel in kernels(second).items():
        assert (kernel[kernels(first)[name] == 0] == 0).all()


def test_a_users_own_constraint_still_holds(arrays: Arrays) -> None:
    import keras

    model = keras.Sequential(
        [
            keras.Input((8, 8, 4)),
            keras.layers.Flatten(),
            keras.layers.Dense(5, "softmax", kernel_constraint=keras.constraints.MaxNorm(0.1)),
        ]
    )
    pruned, _ = sparse(model, arrays, rate=0.5, learning_rate=0.05)
    (kernel,) = kernels(pruned).values()
    assert np.count_nonzero(kernel == 0) == kernel.size // 2
    assert np.sqrt(np.square(kernel).sum(0)).max() <= 0.1 + 1e-5


def test_masks_survive_channels_going(trained: Any) -> None:
    from edgepack.compress.pruning.channels import prune_channels
    from edgepack.compress.pruning.spec import PruneSpec

    model, _ = sparse(trained, None, rate=0.5)
    smaller, _ = prune_channels(model, PruneSpec(rate=0.5, min_channels=2))
    for layer in smaller.layers:
        if layer.name in ("conv", "depthwise", "point", "dense"):
            mask = layer.kernel.constraint.mask
            assert mask.shape == tuple(layer.kernel.shape)
            assert (layer.kernel.numpy()[~mask] == 0).all()


def test_layers_whose_masks_would_be_lost_are_spared() -> None:
    import keras

    x = keras.Input((6, 4))
    y = keras.layers.MultiHeadAttention(2, 2, name="attention")(x, x)
    y = keras.layers.Bidirectional(keras.layers.GRU(3), name="both")(y)
    model = keras.Model(x, keras.layers.Dense(2, name="dense")(y))
    _, done = sparse(model, None, rate=0.5, importance="magnitude")
    assert [cut.layer for cut in done.layers] == ["dense"]
    assert set(done.spared.values()) == {"part of a layer that saves no constraints"}


def integers(content: bytes) -> list[np.ndarray]:
    """Weights of convolutions and dense layers in a .tflite, as rows."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, experimental_preserve_all_tensors=True)
    interpreter.allocate_tensors()
    found = []
    for op in interpreter._get_ops_details():
        if op["op_name"] in ("CONV_2D", "FULLY_CONNECTED"):
            w = interpreter.get_tensor(op["inputs"][1])
            found.append(w.reshape(w.shape[0], -1))
    return found


@pytest.mark.parametrize(
    ("keys", "most"),
    [
        ({"pattern": "1x4", "rate": 0.75}, 4),
        pytest.param({"pattern": "2:4"}, 2, marks=pytest.mark.long),
    ],
)
def test_patterns_hold_in_the_integers_of_the_tflite(
    worker: Worker, saved: Path, data: DataSpec, tmp_path: Path, keys: dict[str, Any], most: int
) -> None:
    spec = WeightsSpec(data=data, epochs=1, **keys)
    report = compress.apply(saved, spec, tmp_path / "s.keras", worker=worker)
    compress.quantize(
        tmp_path / "s.keras", compress.QuantizeSpec(data=data), tmp_path / "q.tflite", worker=worker
    )
    found = integers((tmp_path / "q.tflite").read_bytes())
    assert sorted(len(w) for w in found) == [5, 8, 16]
    for w in found:
        runs = (w.reshape(len(w), -1, 4) != 0).sum(-1)
        assert runs.max() <= most
        if keys["pattern"] == "1x4":
            assert (runs == 0).mean() >= 0.75 - 0.5 / runs.size
    assert isinstance(report, compress.WeightsReport)
    assert [phase.name for phase in report.phases] == ["cut", "fine-tuned"]
    assert report.after == report.phases[-1].score


def test_equal_seeds_give_equal_bytes(
    worker: Worker, saved: Path, data: DataSpec, tmp_path: Path
) -> None:
    spec = WeightsSpec(data=data, epochs=1, teacher=str(saved), importance="taylor", seed=3)
    made = []
    for i in range(2):
        compress.apply(saved, spec, tmp_path / f"{i}.keras", worker=worker)
        made.append((tmp_path / f"{i}.keras").read_bytes())
    assert made[0] == made[1]


@pytest.mark.parametrize(
    "keys", [{"entries": 4, "group": 4}, pytest.param({}, marks=pytest.mark.long)]
)
def test_codebooks_survive_training(
    trained: Any, arrays: Arrays, keys: dict[str, Any], tmp_path: Path
) -> None:
    import keras

    from edgepack.compress.pruning.clustering import clustered, integers_of

    spec = ClusterSpec(data=DataSpec(source="d"), epochs=2, **keys)
    model, done = clustered(trained, spec, lesson(arrays))
    assert [layer.layer for layer in done.layers] == ["conv", "depthwise", "point", "dense"]
    model.save(tmp_path / "c.keras")
    loaded = keras.saving.load_model(tmp_path / "c.keras")
    loaded.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    loaded.fit(arrays.inputs[0], arrays.labels, epochs=1, verbose=0)
    for layer in done.layers:
        kernel = model.get_layer(layer.layer).kernel
        found = integers_of(kernel)
        assert found is not None
        whole, step = found
        np.testing.assert_allclose(kernel.numpy(), whole * step, atol=1e-7)
        assert np.abs(whole).max() == 127
        assert 0.0 < layer.error < 0.5
        trained_on = loaded.get_layer(layer.layer).kernel.numpy()
        groups = np.unique(kernel.constraint.places)
        for place in groups:
            assert len(np.unique(trained_on[kernel.constraint.places == place])) == 1
        assert len(groups) <= layer.codebooks * spec.entries


def test_clusters_keep_zeros_and_zeros_do_not_break_clusters(trained: Any, arrays: Arrays) -> None:
    from edgepack.compress.pruning.clustering import clustered

    pruned, _ = sparse(trained, None, pattern="2:4")
    spec = ClusterSpec(data=DataSpec(source="d"), epochs=1, entries=8)
    model, _ = clustered(pruned, spec, lesson(arrays))
    for name in ("conv", "point", "dense"):
        kernel = kernels(model)[name]
        assert (kernel[kernels(pruned)[name] == 0] == 0).all()
        assert len(np.unique(kernel)) <= 8
    with pytest.raises(UsageError, match=r"'conv' are clustered.*prune first, then cluster"):
        sparse(model, None, rate=0.5)


def test_a_saved_model_is_refused(worker: Worker, trained: Any, tmp_path: Path) -> None:
    trained.export(tmp_path / "sm", verbose=False)
    with pytest.raises(ModelError, match="a SavedModel is a graph without Keras layers"):
        compress.apply(tmp_path / "sm", WeightsSpec(), tmp_path / "o.keras", worker=worker)


@pytest.mark.parametrize("keys", [{"entries": 8}, {"entries": 4, "group": 4}])
def test_codebooks_are_as_few_integers_in_the_tflite(
    worker: Worker, saved: Path, data: DataSpec, tmp_path: Path, keys: dict[str, Any]
) -> None:
    compress.apply(saved, ClusterSpec(**keys), tmp_path / "c.keras", worker=worker)
    compress.quantize(
        tmp_path / "c.keras", compress.QuantizeSpec(data=data), tmp_path / "q.tflite", worker=worker
    )
    found = integers((tmp_path / "q.tflite").read_bytes())
    assert sorted(len(w) for w in found) == [5, 8, 16]
    group = keys.get("group", 16)
    for w in found:
        for start in range(0, len(w), group):
            few = np.unique(w[start : start + group])
            assert len(few) <= keys["entries"]
    assert max(np.abs(w.astype(int)).max() for w in found) == 127


def test_negative_factors_are_turned_and_nothing_changes(arrays: Arrays) -> None:
    import keras
    from keras import layers

    from edgepack.compress.pruning.upright import make_upright

    keras.utils.set_random_seed(3)
    x = keras.Input((8, 8, 4))
    y = layers.BatchNormalization(name="n1")(layers.Conv2D(6, 3, name="a")(x))
    y = layers.BatchNormalization(name="n2")(layers.DepthwiseConv2D(3, depth_multiplier=2)(y))
    y = layers.BatchNormalization(name="n3")(layers.Conv2DTranspose(4, 2)(layers.ReLU()(y)))
    z = layers.Conv2D(4, 1, activation="relu")(y)
    kept = layers.BatchNormalization(name="kept")(z)
    rows = layers.BatchNormalization(axis=1, name="rows")(layers.Conv2D(5, 1)(z))
    model = keras.Model(x, layers.Concatenate()([kept, z, rows]))
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            n = layer.gamma.shape[0]
            signs = np.arange(n) % 2 * 2.0 - 1.0
            rest = (rng.normal(size=n), rng.normal(size=n), rng.uniform(0.5, 2, n))
            layer.set_weights([signs * rng.uniform(0.5, 2, n), *rest])
    before = model.predict(arrays.inputs[0], verbose=0)
    make_upright(model)
    after = model.predict(arrays.inputs[0], verbose=0)
    np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-4)
    for name in ("n1", "n2", "n3"):
        assert (model.get_layer(name).gamma.numpy() > 0).all()
    for name in ("kept", "rows"):
        assert (model.get_layer(name).gamma.numpy() < 0).any()
