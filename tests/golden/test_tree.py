"""The whole generated tree of a small model, against committed files.

`pytest tests/golden --rewrite-golden` replaces them. Files of the runtime are copied as they are,
so only their names are kept.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from edgepack.compiler.generate import GenerateSpec, Golden, descriptor, generate
from edgepack.compiler.lowering import lower
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.planner import plan_memory
from edgepack.compiler.reader import read_model
from edgepack.program import LowerSpec
from edgepack.store import Tree
from tests.tflite_builder import ModelBuilder

EXPECTED = Path(__file__).resolve().parent / "small"


def model() -> bytes:
    """PAD, convolution, pooling, dense layer and softmax in int8."""
    values = np.arange(2 * 3 * 3 * 1) % 7 - 3
    b = ModelBuilder()
    x = b.tensor((1, 6, 6, 1), "int8", name="image", scale=0.02, zero_point=-5)
    pads = b.tensor((4, 2), "int32", data=[[0, 0], [1, 0], [0, 1], [0, 0]])
    padded = b.tensor((1, 7, 7, 1), "int8", name="padded", scale=0.02, zero_point=-5)
    w = b.tensor((2, 3, 3, 1), "int8", scale=[0.01, 0.03], data=values)
    bias = b.tensor((2,), "int32", scale=[0.0002, 0.0006], data=[100, -900])
    y = b.tensor((1, 5, 5, 2), "int8", name="conv/Relu:0", scale=0.05, zero_point=-128)
    pooled = b.tensor((1, 2, 2, 2), "int8", name="int", scale=0.05, zero_point=-128)
    shape = b.tensor((2,), "int32", data=[1, 8])
    flat = b.tensor((1, 8), "int8", name="flat", scale=0.05, zero_point=-128)
    dense = b.tensor((3, 8), "int8", scale=0.02, data=np.arange(24) - 12)
    logits = b.tensor((1, 3), "int8", name="x*/ int evil(void){...} /*", scale=0.1)
    answer = b.tensor((1, 3), "int8", name="answer", scale=1 / 256, zero_point=-128)
    b.operator("PAD", [x, pads], [padded])
    b.operator(
        "CONV_2D", [padded, w, bias], [y], padding="VALID", stride_h=1, stride_w=1,
        dilation_h_factor=1, dilation_w_factor=1, fused_activation_function="RELU",
    )  # fmt: skip
    b.operator(
        "MAX_POOL_2D", [y], [pooled], padding="VALID", stride_h=2, stride_w=2, filter_height=2,
        filter_width=2,
    )  # fmt: skip
    b.operator("RESHAPE", [pooled, shape], [flat], new_shape=[1, 8])
    b.operator("FULLY_CONNECTED", [flat, dense, -1], [logits])
    b.operator("SOFTMAX", [logits], [answer], beta=1.0)
    return b.build([x], [answer])


def tree() -> Tree:
    program = lower(optimise(read_model(model(), "small")), LowerSpec())
    plan = plan_memory(program)
    spec = GenerateSpec(
        source="small.tflite",
        command="edgepack generate small.tflite --board some-board",
        digests=(("board", "5e21aa08" * 8),),
        board="some-board",
        ram_bytes=131072,
        golden=Golden((bytes(range(36)),), (bytes((128, 0, 127)),)),
        version="0.0",
    )
    made = generate(program, plan, spec).merged(descriptor(program, plan, spec))
    own = {name: data for name, data in made.files.items() if not name.startswith("ep_")}
    own["ep_model.c"] = made.files["ep_model.c"]
    runtime = sorted(set(made.files) - set(own))
    return Tree({**own, "runtime.txt": "".join(f"{name}\n" for name in runtime).encode()})


def test_the_tree_is_the_committed_one(rewrite_golden: bool) -> None:
    made = tree().files
    if rewrite_golden:
        EXPECTED.mkdir(exist_ok=True)
        for stale in EXPECTED.iterdir():
            stale.unlink()
        for name, data in made.items():
            (EXPECTED / name).write_bytes(data)
    kept = {path.name: path.read_bytes() for path in EXPECTED.iterdir()}
    assert sorted(kept) == sorted(made)
    for name, data in made.items():
        assert data.decode() == kept[name].decode(), name


def test_the_bytes_do_not_depend_on_the_process() -> None:
    code = "from tests.golden.test_tree import tree; print(tree().digest)"
    root = Path(__file__).resolve().parents[2]
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    }
    assert digests == {f"{tree().digest}\n"}
