from __future__ import annotations

import json

import pytest

from edgepack.compress.pruning.spec import Candidate, PruneReport, PruneSpec, Size
from edgepack.compress.quantizing.width_spec import LayerSensitivity, WidthFigures
from edgepack.compress.spec import (
    DataSpec,
    LayerCut,
    LayerError,
    ModelFile,
    QuantizeReport,
    QuantizeSpec,
    Score,
    TensorFacts,
    TensorWidth,
    from_plain,
    to_plain,
)
from edgepack.errors import UsageError


def test_reports_survive_json() -> None:
    data = DataSpec(source="d.npz", scale=0.5)
    file = ModelFile("m.keras", "ab", 3)
    pruned = PruneReport(
        input=file,
        output=file,
        spec=PruneSpec(exclude=("a*", "b"), data=data),
        versions={"keras": "3"},
        parameters_before=4,
        parameters_after=2,
        zero_weights=0.5,
        layers=(LayerCut("conv", 4, 2),),
        frozen={"dense": "the model's output"},
        size_before=Size(4, 8),
        size_after=Size(2, 4),
        candidates=(Candidate(("conv",), 0.5, Size(2, 2), 1, True),),
        scored_on="test",
        before=Score("accuracy", 0.5, 10),
        cut=None,
        after=None,
    )
    quantized = QuantizeReport(
        input=file,
        output=file,
        spec=QuantizeSpec(data=data, layers=(("conv*", 4), ("dense", "8x16"))),
        versions={},
        calibrated_on=7,
        tensors=(TensorWidth("conv", "conv/w", "weights", 4, "global", 0.1, 0.2, 0.01),),
        fits=(LayerError("conv", 0.2, 0.1),),
        figures=(WidthFigures("conv", 9, -1.0, 1.0, 2.0, 3.0, {"4": 0.2, "8": 0.1}, 8, "why"),),
        sensitivity=(LayerSensitivity("conv", 9, {"4": 0.2}, {"4": 5.0}, 4),),
        stayed_float=("log (LOG)",),
        warnings=(),
        inputs=(TensorFacts("x", (1, 2), "int8", 0.5, -3),),
        outputs=(),
        scored_on="",
        before=None,
        after=None,
    )
    for report in (pruned, quantized):
        assert from_plain(type(report), json.loads(json.dumps(to_plain(report)))) == report


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"rate": 1.5}, "prune.rate: 1.5 is out of range; the range is 0.0 to 0.999"),
        ({"steps": 0}, "prune.steps: 0 is out of range; the range is 1 to 1048576"),
        (
            {"method": "heads"},
            "prune.method: 'heads' is not known; known: channels, filters, neurons, layers",
        ),
    ],
)
def test_wrong_values(keys: dict[str, object], text: str) -> None:
    with pytest.raises(UsageError) as caught:
        PruneSpec(**keys)  # type: ignore[arg-type]
    assert str(caught.value) == text
