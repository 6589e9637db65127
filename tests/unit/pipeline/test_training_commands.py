"""What prune, cluster and fine-tune are asked for on the command line and in edgepack.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edgepack import pipeline
from edgepack.cli.training import cluster, fine_tune, prune
from edgepack.compress import ClusterSpec, DataSpec, FineTuneSpec, PruneSpec, WeightsSpec
from edgepack.config import Config
from edgepack.errors import UsageError


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    specs: list[Any] = []

    def take(model: Path, spec: Any, output: Path, progress: Any) -> Any:
        specs.append(spec)
        raise UsageError("asked")

    for name in ("prune_model", "cluster_model", "fine_tune_model"):
        monkeypatch.setattr(pipeline, name, take)
    return specs


def spec(asked: list[Any], command: Any, *options: str) -> Any:
    result = CliRunner().invoke(command, ["m.keras", "-o", "o.keras", *options])
    assert isinstance(result.exception, UsageError), result.output
    if not asked:
        raise result.exception
    return asked.pop()


def test_prune_takes_channels_or_weights(asked: list[Any]) -> None:
    assert spec(asked, prune) == PruneSpec()
    assert spec(asked, prune, "--method", "layers", "--count", "2") == PruneSpec(
        method="layers", count=2
    )
    weights = ("--method", "weights")
    assert spec(asked, prune, *weights) == WeightsSpec()
    assert spec(asked, prune, *weights, "--pattern", "2x8", "--spare-ends") == WeightsSpec(
        pattern="2x8", spare_ends=True
    )
    data = DataSpec(source="d.npz")
    options = ("--pattern", "2:4", "--schedule", "rewind", "--steps", "4", "--teacher", "t.keras")
    assert spec(asked, prune, *weights, *options, "--data", "d.npz") == WeightsSpec(
        pattern="2:4", schedule="rewind", steps=4, teacher="t.keras", data=data
    )


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--pattern", "2:4"), "--pattern does not go with --method channels"),
        (
            ("--method", "weights", "--min-channels", "8"),
            "--min-channels does not go with --method weights",
        ),
        (
            ("--method", "weights", "--pattern", "1by4"),
            "prune.pattern: '1by4' is not known; known: none, N:M with 0 < N < M <= 32, such as "
            "2:4, and RxC of 1 to 64 each, such as 1x4",
        ),
    ],
)
def test_what_does_not_go_together(asked: list[Any], options: tuple[str, ...], text: str) -> None:
    with pytest.raises(UsageError) as caught:
        spec(asked, prune, *options)
    assert str(caught.value) == text


def test_cluster_and_fine_tune(asked: list[Any]) -> None:
    assert spec(asked, cluster, "--entries", "8", "--group", "4") == ClusterSpec(entries=8, group=4)
    data = DataSpec(source="d.npz", scale=0.5)
    assert spec(
        asked, fine_tune, "--data", "d.npz", "--scale", "0.5", "--epochs", "3"
    ) == FineTuneSpec(data=data, epochs=3)
    with pytest.raises(UsageError, match=r"fine-tune\.data: name samples to train on"):
        spec(asked, fine_tune)


def test_tables_of_a_file() -> None:
    table = {"method": "weights", "pattern": "1x4", "rate": 0.75}
    steps = [{"do": "prune", **table}, {"do": "cluster", "entries": 8}]
    found = Config.model_validate(
        {
            "model": {"path": "m.keras"},
            "board": {"name": "host"},
            "prune": table,
            "compress": {"step": steps},
        }
    )
    wanted = WeightsSpec(pattern="1x4", rate=0.75)
    assert found.prune == wanted
    assert found.compress is not None
    assert [step.spec for step in found.compress.step] == [wanted, ClusterSpec(entries=8)]
