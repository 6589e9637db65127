"""Requests to train with rounding that are refused before TensorFlow is needed."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from edgepack.cli.aware import train_quantized
from edgepack.compress import AwareSpec
from edgepack.compress.spec import DataSpec
from edgepack.errors import UsageError


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"weights": 3}, "train-quantized.weights: 3 is not known; known: 8, 4, 2"),
        ({"activations": 4}, "train-quantized.activations: 4 is not known; known: 8, 16"),
        ({"layers": (("a*", 16),)}, "train-quantized.layers.a*: 16 is not known; known: 8, 4, 2"),
        ({"ends": 5}, "train-quantized.ends: 5 is not known; known: 0, 8, 4, 2"),
        ({"epochs": -1}, "train-quantized.epochs: -1 is out of range; the range is 0 to 1048576"),
    ],
)
def test_specs_are_checked(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        AwareSpec(data=DataSpec(source="x.npz"), **wrong)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "train-quantized.data: name samples to train on"),
        (["--data", "d.npz", "--layer", "conv"], "--layer conv: write NAME=BITS, as conv*=4"),
        (["--data", "d.npz", "--layer", "c=3"], "train-quantized.layers.c: 3 is not known"),
    ],
)
def test_the_command_tells_what_is_missing(arguments: list[str], told: str) -> None:
    done = CliRunner().invoke(train_quantized, ["m.keras", "-o", "a.keras", *arguments])
    assert isinstance(done.exception, UsageError)
    assert told in str(done.exception)
