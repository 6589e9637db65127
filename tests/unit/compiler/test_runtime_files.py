import dataclasses
from pathlib import Path

import pytest

from edgepack.compiler import runtime_files as module
from edgepack.compiler.runtime_files import runtime_files
from edgepack.program import Program
from tests.unit.compiler.programs import ProgramBuilder


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "ep_version.h": "version",
        "ep_model.h": "model",
        "ep_affine.h": "affine",
        "ep_check.h": "check",
        "ep_a.h": '#include "ep_b.h"\n#include <stdint.h>\n',
        "ep_b.h": "b",
        "ep_c.h": "c",
        "ep_unused.h": "unused",
        "portable/ep_a.c": "portable a",
        "portable/ep_b.c": '  #  include "ep_c.h"\n',
        "portable/ep_unused.c": "unused",
        "dsp/ep_a.c": '#include "ep_a.h"\n#include "ep_dsp.h"\n',
        "dsp/ep_dsp.h": '#include "ep_core.h"',
        "ep_core.h": "core",
        "dsp/ep_core.S": "assembly",
    }
    for name, text in files.items():
        path = tmp_path / "runtime" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(module, "folder", lambda name: tmp_path)
    monkeypatch.setattr(module, "template_bytes", lambda name: (tmp_path / name).read_bytes())


def program(*variants: str) -> Program:
    b = ProgramBuilder()
    tensors = [b.tensor(4) for _ in range(len(variants) + 1)]
    for place, variant in enumerate(variants):
        b.step([tensors[place]], [tensors[place + 1]])
        b.steps[-1] = dataclasses.replace(b.steps[-1], source="ep_a", variant=variant)
    return b.program(tensors[:1], tensors[-1:])


ALWAYS = ["ep_affine.h", "ep_model.h", "ep_version.h"]


@pytest.mark.usefixtures("runtime")
def test_includes_are_followed_and_siblings_come_along() -> None:
    found = runtime_files(program("portable"))
    assert list(found) == sorted([*ALWAYS, "ep_a.h", "ep_a.c", "ep_b.h", "ep_b.c", "ep_c.h"])
    assert found["ep_a.c"] == b"portable a"


@pytest.mark.usefixtures("runtime")
def test_a_variant_s_own_files_come_first() -> None:
    found = runtime_files(program("dsp"))
    assert b"ep_dsp.h" in found["ep_a.c"]
    assert "ep_dsp.h" in found
    assert found["ep_core.S"] == b"assembly"
    assert b"ep_c.h" in found["ep_b.c"]


@pytest.mark.usefixtures("runtime")
def test_a_model_that_calls_nothing_needs_little() -> None:
    assert list(runtime_files(program())) == ALWAYS
    assert "ep_check.h" in runtime_files(program(), with_check=True)


@pytest.mark.usefixtures("runtime")
def test_two_variants_of_one_file_are_a_bug() -> None:
    with pytest.raises(AssertionError, match="variants dsp and portable"):
        runtime_files(program("dsp", "portable"))
