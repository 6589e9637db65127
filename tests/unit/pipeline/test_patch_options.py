"""Options that lower the arena: what inspect says of them, and what cannot be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click import BadParameter

from edgepack.cli import show
from edgepack.cli.options import PATCHES
from edgepack.config import Compile
from edgepack.errors import UsageError
from edgepack.pipeline.compile import CompileSpec, compile_model
from edgepack.pipeline.inspection import inspect_model
from tests.tflite_builder import ModelBuilder


def image_model(tmp_path: Path) -> Path:
    """Two windows over an image that is large against what they make."""
    rng = np.random.default_rng(0)
    b = ModelBuilder()
    x = b.tensor((1, 24, 16, 1), "int8", scale=0.1, zero_point=-3)
    wide = b.tensor((1, 24, 16, 8), "int8", scale=0.1, zero_point=-3)
    y = b.tensor((1, 12, 8, 8), "int8", scale=0.1, zero_point=-3)
    w = b.tensor((8, 3, 3, 1), "int8", scale=0.02, data=rng.integers(-9, 9, (8, 3, 3, 1)))
    factors = {"dilation_h_factor": 1, "dilation_w_factor": 1}
    b.operator("CONV_2D", [x, w], [wide], padding="SAME", stride_h=1, stride_w=1, **factors)
    b.operator(
        "MAX_POOL_2D", [wide], [y], padding="VALID", stride_h=2, stride_w=2,
        filter_height=2, filter_width=2,
    )  # fmt: skip
    path = tmp_path / "image.tflite"
    path.write_bytes(b.build([x], [y]))
    return path


def vector_model(tmp_path: Path) -> Path:
    b = ModelBuilder()
    x, y = (b.tensor((1, 8), "float32") for _ in range(2))
    b.operator("RELU", [x], [y])
    path = tmp_path / "vector.tflite"
    path.write_bytes(b.build([x], [y]))
    return path


def test_inspect_tells_the_patches_and_what_they_cost(tmp_path: Path) -> None:
    model = image_model(tmp_path)
    plain = inspect_model(model)
    found = inspect_model(model, spec=CompileSpec(patches=4))
    assert plain.patches is None
    assert found.patches is not None
    assert found.arena < plain.arena
    assert (found.patches.first, found.patches.last, found.patches.patches) == (0, 1, 4)
    assert found.model.macs == plain.model.macs
    text = show.inspection(found)
    assert "ops 0 to 1 in 4 patches of rows; rows that two need are" in text
    assert "no plan is smaller" in show.inspection(plain)
    assert plain.arena_bound == plain.arena


def test_a_streamed_input_needs_no_place(tmp_path: Path) -> None:
    model = image_model(tmp_path)
    compiled = compile_model(model, None, CompileSpec(stream_input=True))
    assert compiled.program.stream is not None
    assert compiled.program.stream.row_bytes == 16
    assert compiled.plan.arena_bytes < compile_model(model, None).plan.arena_bytes
    found = inspect_model(model, spec=CompileSpec(stream_input=True))
    assert "the input comes in rows of 16 B" in show.inspection(found)


def test_what_cannot_be_streamed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        compile_model(vector_model(tmp_path), None, CompileSpec(stream_input=True))
    assert str(caught.value) == (
        "vector: its input cannot be streamed: that takes one image, [1,height,width,channels], "
        "whose first layers are convolutions, pools or work value by value, and no more patches "
        "than rows behind them. Leave stream_input out."
    )


def test_how_many_patches_may_be_asked_for() -> None:
    assert [PATCHES.convert(v, None, None) for v in ("auto", "2", "16", 0, "0")] == [
        "auto", 2, 16, 0, 0,
    ]  # fmt: skip
    for wrong in ("1", "-2", "some"):
        with pytest.raises(BadParameter, match="neither 'auto' nor 2 or more"):
            PATCHES.convert(wrong, None, None)
    assert Compile(patches="auto").patches == "auto"
    assert Compile(patches=2).patches == 2
    with pytest.raises(ValueError, match="patches"):
        Compile(patches=1)
