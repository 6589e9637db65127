from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgepack.errors import UsageError
from edgepack.graph import DType, Graph, Quantization, Tensor
from edgepack.pipeline.data import Samples, load_samples, quantize, random_samples
from edgepack.pipeline.metrics import accuracy, auc, confusion, require_scorable, score


def graph(dtype: DType = DType.INT8, shape: tuple[int, ...] = (1, 2, 3)) -> Graph:
    quantization = Quantization((0.5,), (3,)) if dtype is DType.INT8 else None
    tensors = tuple(Tensor(i, f"t{i}", shape, dtype, quantization) for i in range(2))
    return Graph("g", "0" * 64, tensors, (), (0,), (1,))


def save(tmp_path: Path, **arrays: object) -> Path:
    np.savez(tmp_path / "d.npz", **arrays)  # type: ignore[arg-type]
    return tmp_path / "d.npz"


def test_uint8_loses_128_and_floats_are_quantised(tmp_path: Path) -> None:
    x = np.array([[[0, 1, 127], [128, 254, 255]]], np.uint8)
    found = load_samples(save(tmp_path, x=x), graph()).inputs[0]
    assert found.tolist() == [[[-128, -127, -1], [0, 126, 127]]]
    real = np.array([[[0.0, 0.25, -0.25], [0.24, 100.0, -100.0]]])
    found = load_samples(save(tmp_path, x0=real), graph()).inputs[0]
    assert found.tolist() == [[[3, 4, 2], [3, 127, -128]]]


def test_halves_are_rounded_away_from_zero() -> None:
    tensor = Tensor(0, "t", (1, 4), DType.INT8, Quantization((1.0,), (0,)))
    assert quantize(np.array([0.5, 1.5, -0.5, -1.5]), tensor).tolist() == [1, 2, -1, -2]


def test_a_tensor_name_and_a_flat_shape_are_taken(tmp_path: Path) -> None:
    found = load_samples(save(tmp_path, t0=np.zeros((4, 6), np.int8)), graph())
    assert found.inputs[0].shape == (4, 2, 3)


@pytest.mark.parametrize("shape", [(6,), (1, 2, 3), (2, 1, 3), (2, 3, 1)])
def test_axes_of_one_do_not_matter(tmp_path: Path, shape: tuple[int, ...]) -> None:
    x = np.arange(12, dtype=np.int8).reshape(2, *shape)
    found = load_samples(save(tmp_path, x=x), graph()).inputs[0]
    assert found.tolist() == np.arange(12).reshape(2, 2, 3).tolist()


@pytest.mark.parametrize("shape", [(3, 2), (1, 3, 2), (7,), (6, 2), ()])
def test_axes_in_another_order_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match=r"samples have the shape .*; input 't0' takes \[2, 3\]"):
        load_samples(save(tmp_path, x=np.zeros((2, *shape), np.int8)), graph())


def test_one_hot_labels_become_classes(tmp_path: Path) -> None:
    path = save(tmp_path, x=np.zeros((2, 2, 3), np.int8), y=np.eye(3)[[2, 0]])
    assert load_samples(path, graph()).labels.tolist() == [2, 0]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.array(["a", "b"]), r"y is <U1 \[2\]; labels are class numbers"),
        (np.zeros((2, 2, 2)), r"y is float64 \[2, 2, 2\]; labels are"),
        (np.zeros((2, 0)), r"y is float64 \[2, 0\]; labels are"),
        (np.zeros(()), r"y is float64 \[\]; labels are"),
        (np.array([1, 0.5]), r"y holds 0\.5, no class number"),
        (np.array([1, np.nan]), r"y holds nan, no class number"),
        (np.zeros(3), r"3 labels in y for 2 samples in x"),
    ],
)
def test_labels_that_are_none(tmp_path: Path, y: np.ndarray, message: str) -> None:
    with pytest.raises(UsageError, match=r"d\.npz: " + message):
        load_samples(save(tmp_path, x=np.zeros((2, 2, 3), np.int8), y=y), graph())


def test_a_group_a_sample(tmp_path: Path) -> None:
    x, y = np.zeros((2, 2, 3), np.int8), np.array([1])
    found = load_samples(save(tmp_path, x=x, y=y, group=np.array([0, 0])), graph())
    assert found.group is not None
    with pytest.raises(UsageError, match=r"group is \[3\]; it names one item a sample"):
        load_samples(save(tmp_path, x=x, y=y, group=np.array([0, 0, 1])), graph())


def test_float_models_refuse_bytes(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds uint8; input 't0' takes float32"):
        load_samples(save(tmp_path, x=np.zeros((2, 2, 3), np.uint8)), graph(DType.FLOAT32))


def test_a_quantised_input_has_no_nan(tmp_path: Path) -> None:
    x = np.zeros((1, 2, 3))
    x[0, 1, 1] = np.nan
    with pytest.raises(UsageError, match=r"d\.npz: holds NaN; input 't0' takes int8, which has"):
        load_samples(save(tmp_path, x=x), graph())
    assert np.isnan(load_samples(save(tmp_path, x=x), graph(DType.FLOAT32)).inputs[0]).any()


def test_what_cannot_be_scored_is_known_before_it_runs() -> None:
    x = np.zeros((2, 2, 3), np.int8)
    require_scorable("auc", Samples((x,), np.array([0, 1])), graph())
    require_scorable("auc", Samples((x,)), graph())
    with pytest.raises(UsageError, match="labels of both kinds"):
        require_scorable("auc", Samples((x,), np.array([1, 1])), graph())
    with pytest.raises(UsageError, match="1 labels for 2 samples"):
        require_scorable("accuracy", Samples((x,), np.array([1])), graph())


def test_random_samples_are_seeded_and_reach_the_ends() -> None:
    one, two = (random_samples(graph(), 500, 7).inputs[0] for _ in range(2))
    assert (one == two).all()
    assert (one.min(), one.max()) == (-128, 127)
    assert (random_samples(graph(), 500, 8).inputs[0] != one).any()


def test_accuracy_by_largest_output_and_by_threshold() -> None:
    assert accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1])) == 0.5
    assert accuracy(np.array([[0.6], [0.5]]), np.array([1, 0])) == 1.0


def test_auc_counts_pairs_and_half_the_ties() -> None:
    errors, labels = np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])
    assert auc(errors, labels) == 0.75
    assert auc(np.ones(4), labels) == 0.5
    with pytest.raises(UsageError, match="both kinds"):
        auc(errors, np.ones(4))


def test_auc_of_a_reconstruction_joins_windows_by_group() -> None:
    x = np.zeros((4, 2, 3), np.int8) + np.int8(3)
    y = x.copy()
    y[2:] += 4
    samples = Samples((x,), labels=np.array([0, 1]), group=np.array([0, 0, 1, 1]))
    assert score("auc", (y,), samples, graph()) == 1.0


def test_confusion_has_truth_down() -> None:
    out = np.zeros((3, 1, 3), np.int8)
    out[[0, 1, 2], 0, [1, 1, 2]] = 9
    samples = Samples((np.zeros((3, 2, 3), np.int8),), labels=np.array([0, 1, 2]))
    found = confusion((out,), samples, graph(shape=(1, 1, 3)))
    assert found is not None
    assert found.counts == ((0, 1, 0), (0, 1, 0), (0, 0, 1))
