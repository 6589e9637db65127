"""The generated tree as its users have it: built by CMake and by make, included from C++."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edgepack.compiler.generate import GenerateSpec, Golden, descriptor, empty_descriptor, generate
from edgepack.compiler.lowering import lower
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.planner import plan_memory
from edgepack.compiler.reader import read_model
from edgepack.oracle import run_reference
from edgepack.program import LowerSpec
from edgepack.resources import template_bytes
from edgepack.store import Tree, write_tree
from tests.kernels.harness import WARNINGS, compiler, run_programs
from tests.tflite_builder import ModelBuilder

EVIL = "x*/ int evil(void){...} /*"


def small_model(name: str = "x") -> bytes:
    """A dense layer and a softmax in int8, a copy of its input as a second output."""
    rng = np.random.default_rng(5)
    b = ModelBuilder()
    x = b.tensor((1, 8), "int8", name=name, scale=0.1, zero_point=-3)
    w = b.tensor((4, 8), "int8", scale=0.02, data=rng.integers(-127, 128, (4, 8)))
    bias = b.tensor((4,), "int32", scale=0.002, data=rng.integers(-500, 500, 4))
    y = b.tensor((1, 4), "int8", name=name, scale=0.2, zero_point=4)
    p = b.tensor((1, 4), "int8", name="int", scale=1 / 256, zero_point=-128)
    b.operator("FULLY_CONNECTED", [x, w, bias], [y], fused_activation_function="RELU")
    b.operator("SOFTMAX", [y], [p], beta=1.0)
    return b.build([x], [p])


def tree_of(model: bytes, name: str, *, golden: bool = True, wrong: bool = False) -> Tree:
    x = np.arange(-4, 4, dtype=np.int8).reshape(1, 8)
    outputs = run_reference(model, [x]).outputs if golden else ()
    answer = tuple((o.astype(np.int8) ^ int(wrong)).tobytes() for o in outputs)
    program = lower(optimise(read_model(model, name)), LowerSpec())
    vector = Golden((x.tobytes(),), answer) if golden else None
    return generate(program, plan_memory(program), GenerateSpec(golden=vector))


def run(*command: object, folder: Path) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


@needs("cmake")
@needs("ninja")
def test_cmake_builds_once_and_the_self_test_passes(tmp_path: Path) -> None:
    write_tree(tree_of(small_model(), "kws"), tmp_path / "c")
    run("cmake", "-G", "Ninja", "-S", "c", "-B", "b", "-DCMAKE_C_FLAGS=-Werror", folder=tmp_path)
    assert "libedgepack_kws.a" in run("ninja", "-C", "b", folder=tmp_path)
    assert "no work to do" in run("ninja", "-C", "b", folder=tmp_path)
    run("b/kws_main", folder=tmp_path)


@needs("make")
@needs("gcc")
def test_make_builds_once(tmp_path: Path) -> None:
    write_tree(tree_of(small_model(), "kws"), tmp_path / "c")
    (tmp_path / "Makefile").write_text(
        "all: app\ninclude c/edgepack.mk\n"
        "app: c/main.c $(kws_LIBRARY)\n\t$(CC) $(kws_CFLAGS) $^ -o $@\n"
    )
    assert "libedgepack_kws.a" in run("make", "CC=gcc", folder=tmp_path)
    assert "Nothing to be done" in run("make", "CC=gcc", folder=tmp_path)
    run("./app", folder=tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"c", "Makefile", "app", "build"}


@needs("make")
@needs("gcc")
def test_a_build_in_the_tree_leaves_it_as_it_was(tmp_path: Path) -> None:
    tree = tree_of(small_model(), "kws")
    write_tree(tree, tmp_path / "c")
    before = sorted(path.name for path in (tmp_path / "c").iterdir())
    run("make", "-f", "edgepack.mk", "CC=gcc", folder=tmp_path / "c")
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == before
    assert (tmp_path / "build" / "kws" / "libedgepack_kws.a").is_file()
    write_tree(tree, tmp_path / "c")


def compiled(folder: Path, sources: list[str], *flags: str, binary: str = "app") -> None:
    command = [*compiler(), *WARNINGS, "-I.", *flags, *sources, "-o", binary]
    run(*command, folder=folder)


def sources_of(tree: Tree) -> list[str]:
    return [name for name in sorted(tree.files) if name.endswith(".c") and name != "main.c"]


def test_a_wrong_answer_fails_the_self_test(tmp_path: Path) -> None:
    tree = tree_of(small_model(), "kws", wrong=True)
    write_tree(tree, tmp_path)
    main = '#include "kws_test.h"\nint main(void) { return (int)kws_self_test(); }\n'
    (tmp_path / "check.c").write_text(main)
    compiled(tmp_path, [*sources_of(tree), "check.c"])
    assert subprocess.run([tmp_path / "app"]).returncode == 1


def test_hostile_names_compile(tmp_path: Path) -> None:
    tree = tree_of(small_model(EVIL), "kws")
    write_tree(tree, tmp_path)
    compiled(tmp_path, [*sources_of(tree), "main.c"])
    run("./app", folder=tmp_path)


@needs("g++")
def test_the_headers_are_cpp_too(tmp_path: Path) -> None:
    write_tree(tree_of(small_model(), "kws"), tmp_path)
    (tmp_path / "app.cpp").write_text(
        '#include "kws.h"\n#include "kws_test.h"\n'
        "int check() { return kws_quantize_input_0(0.0f) + (int)kws_self_test(); }\n"
    )
    flags = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wconversion"]
    for standard in ("c++11", "c++17"):
        run("g++", f"-std={standard}", *flags, "-c", "app.cpp", folder=tmp_path)


def test_two_models_share_one_image(tmp_path: Path) -> None:
    one, other = (tree_of(small_model(), name) for name in ("one", "other"))
    both = Tree({**one.files, **other.files})
    write_tree(both, tmp_path)
    (tmp_path / "check.c").write_text(
        '#include "one_test.h"\n#include "other_test.h"\n'
        "int main(void) { return (int)(one_self_test() + other_self_test()); }\n"
    )
    compiled(tmp_path, [*sources_of(both), "check.c"])
    run("./app", folder=tmp_path)


REAL = """
#include <stdio.h>
#include "kws.h"
static float values[] = {@VALUES@};
int main(void)
{
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; ++i) {
        printf("%d ", kws_quantize_input_0(values[i]));
    }
    for (int q = -128; q < 128; ++q) {
        printf("%.9g ", (double)kws_dequantize_output_0((int8_t)q));
    }
    return 0;
}
"""


def test_real_numbers_are_quantised_as_tflite_does(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    scale = np.float32(0.1)
    exact = (np.arange(-140, 140, dtype=np.float32) + np.float32(0.5)) * scale
    near = np.concatenate([np.nextafter(exact, np.float32(s)) for s in (-99, 99)])
    values = np.concatenate([exact, near, rng.normal(0, 9, 300), [1e30, -1e30, 0.0]])
    values = values.astype(np.float32)
    tree = tree_of(small_model(), "kws", golden=False)
    write_tree(tree, tmp_path)
    text = ", ".join(f"{v:.9e}f" for v in values)
    (tmp_path / "check.c").write_text(REAL.replace("@VALUES@", text))
    compiled(tmp_path, [*sources_of(tree), "check.c"])
    got = run("./app", folder=tmp_path).split()

    quotient = (values / scale).astype(np.float64)
    rounded = np.sign(quotient) * np.floor(np.abs(quotient) + 0.5)
    assert list(map(int, got[: len(values)])) == list(np.clip(rounded - 3, -128, 127).astype(int))
    reals = np.float32(1 / 256) * (np.arange(-128, 128) + 128).astype(np.float32)
    assert [np.float32(t) for t in got[len(values) :]] == list(reals)


HOOK = """
#include "ep_model.h"
static uint32_t seen, last;
static void hook(void* context, uint32_t step)
{
    *(uint32_t*)context += 1U;
    last = step;
}
int main(void)
{
    ep_model.init();
    ep_model.invoke();
    if (ep_model.set_hook == 0) {
        return @OFF@;
    }
    ep_model.set_hook(hook, &seen);
    ep_model.invoke();
    return (seen == ep_model.step_count && last == seen - 1U) ? @ON@ : 9;
}
"""


@pytest.mark.parametrize("hook", [0, 1])
def test_the_hook_is_called_after_each_step_or_not_there(tmp_path: Path, hook: int) -> None:
    program = lower(read_model(small_model(), "kws"), LowerSpec())
    plan = plan_memory(program)
    tree = generate(program, plan, GenerateSpec()).merged(descriptor(program, plan))
    write_tree(tree, tmp_path)
    answers = {"@ON@": "0" if hook else "8", "@OFF@": "8" if hook else "0"}
    text = HOOK
    for mark, value in answers.items():
        text = text.replace(mark, value)
    (tmp_path / "check.c").write_text(text)
    compiled(tmp_path, [*sources_of(tree), "check.c"], f"-DEP_HOOK={hook}")
    run("./app", folder=tmp_path)


def test_the_empty_descriptor_compiles(tmp_path: Path) -> None:
    write_tree(empty_descriptor(), tmp_path)
    run(*compiler(), *WARNINGS, "-c", "ep_model.c", folder=tmp_path)


def test_an_arena_beyond_the_ram_stops_the_build(tmp_path: Path) -> None:
    program = lower(read_model(small_model(), "kws"), LowerSpec())
    tree = generate(program, plan_memory(program), GenerateSpec(board="b", ram_bytes=4))
    write_tree(tree, tmp_path)
    done = subprocess.run(
        [*compiler(), "-std=c11", "-I.", "-c", "kws.c"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "the arena does not fit the board's RAM" in done.stderr


FLOATS = """
#include "ep_check.h"
static float after(float value, uint32_t steps)
{
    union {
        float real;
        uint32_t bits;
    } view;
    view.real = value;
    view.bits += steps;
    return view.real;
}
int main(void)
{
    const float nan = __builtin_nanf("");
    const float expected[4] = {1.0f, -2.0f, 0.0f, nan};
    float got[4] = {after(1.0f, 2), after(-2.0f, 2), -0.0f, nan};
    if (ep_check_floats(got, expected, 4, 2) != 0U) {
        return 1;
    }
    if (ep_check_floats(got, expected, 4, 1) != 1U) {
        return 2;
    }
    got[0] = 1.0f;
    if (ep_check_floats(got, expected, 4, 1) != 5U) {
        return 3;
    }
    got[1] = -2.0f;
    got[2] = nan;
    if (ep_check_floats(got, expected, 4, 1) != 9U) {
        return 4;
    }
    got[2] = after(-0.0f, 1);
    if (ep_check_floats(got, expected, 4, 1) != 0U || ep_check_floats(got, expected, 4, 0) != 9U) {
        return 5;
    }
    got[3] = 1.0f;
    return (ep_check_floats(got, expected, 4, 1) == 13U) ? 0 : 6;
}
"""


def test_floats_are_compared_in_units_of_the_last_place(tmp_path: Path) -> None:
    (tmp_path / "ep_check.h").write_bytes(template_bytes("runtime/ep_check.h"))
    (tmp_path / "check.c").write_text(FLOATS)
    compiled(tmp_path, ["check.c"])
    run("./app", folder=tmp_path)


def float_model() -> bytes:
    b = ModelBuilder()
    x, y = b.tensor((1, 4), "float32"), b.tensor((1, 4), "float32")
    b.operator("SOFTMAX", [x], [y], beta=1.0)
    return b.build([x], [y])


@pytest.mark.parametrize(("ulp", "index"), [(4, 0), (2, 5)])
def test_a_float_model_s_self_test_has_a_bound(tmp_path: Path, ulp: int, index: int) -> None:
    model = float_model()
    x = np.array([[0.5, 1.5, -2.0, 0.25]], np.float32)
    program = lower(optimise(read_model(model, "soft")), LowerSpec())
    (answer,) = run_programs([program], [[x]])[0]
    answer = answer.copy()
    answer.view(np.int32)[0, 1] += 3
    vector = Golden((x.tobytes(),), (answer.tobytes(),), ulp)
    tree = generate(program, plan_memory(program), GenerateSpec(golden=vector))
    write_tree(tree, tmp_path)
    main = '#include "soft_test.h"\nint main(void) { return (int)soft_self_test(); }\n'
    (tmp_path / "check.c").write_text(main)
    compiled(tmp_path, [*sources_of(tree), "check.c"], "-ffp-contract=off")
    assert subprocess.run([tmp_path / "app"]).returncode == index
