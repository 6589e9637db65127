"""Recipes in edgepack.toml: their steps, and what is refused before anything runs."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path

import pytest

from edgepack.compress import WeightsSpec
from edgepack.compress.tables import STAGES, keys_of
from edgepack.config import Compress, load_config
from edgepack.errors import UsageError
from edgepack.pipeline.device import silent
from edgepack.pipeline.recipe import make

HEAD = '[model]\npath = "m.keras"\n[board]\nname = "host"\n'
SHARED = '[compress]\ndata = "train.npz"\ntest = "test.npz"\nseed = 7\n'


def recipe(tmp_path: Path, steps: str, shared: str = SHARED) -> Compress:
    path = tmp_path / "r.toml"
    path.write_text(HEAD + shared + steps)
    found = load_config(path).compress
    assert found is not None
    return found


def step(do: str, more: str = "") -> str:
    return f'[[compress.step]]\ndo = "{do}"\n{more}\n'


def refused(tmp_path: Path, steps: str, shared: str = SHARED) -> str:
    with pytest.raises(UsageError) as error:
        recipe(tmp_path, steps, shared)
    text = str(error.value)
    assert text.startswith(f"{tmp_path / 'r.toml'}: ")
    return text.removeprefix(f"{tmp_path / 'r.toml'}: ")


def test_steps_take_what_the_recipe_says_for_all(tmp_path: Path) -> None:
    found = recipe(tmp_path, step("prune", 'rate = 0.3\ndata = "other.npz"') + step("quantize"))
    prune, quantize = found.step
    assert (prune.name, quantize.name) == ("prune", "quantize")
    assert prune.asked == "rate 0.3, data other.npz"
    for spec, data in ((prune.spec, "other.npz"), (quantize.spec, "train.npz")):
        assert dataclasses.asdict(spec)["data"]["source"] == data  # type: ignore[call-overload]
        assert dataclasses.asdict(spec)["test"]["source"] == "test.npz"  # type: ignore[call-overload]
        assert spec.seed == 7


def test_data_may_be_scaled(tmp_path: Path) -> None:
    shared = '[compress]\ndata = { source = "bytes.npz", scale = 0.5, offset = -1.0 }\n'
    (quantize,) = recipe(tmp_path, step("quantize"), shared).step
    data = quantize.spec.data  # type: ignore[attr-defined]
    assert (data.source, data.scale, data.offset) == ("bytes.npz", 0.5, -1.0)


def test_a_teacher_is_everybodys(tmp_path: Path) -> None:
    names = ("prune", "cluster", "fine-tune", "train-quantized")
    steps = "".join(step(name) for name in names) + step("quantize")
    found = recipe(tmp_path, steps, SHARED + 'teacher = "big.keras"\n')
    assert [s.spec.teacher for s in found.step[:-1]] == ["big.keras"] * 4  # type: ignore[attr-defined]


def test_steps_are_commands_and_their_keys_are_its_options() -> None:
    from edgepack.cli import group

    in_files_only = {"loss", "costs", "budget_cost", "schedule_end", "schedule_power"}
    spelt = {"layers": "layer"}
    for name, kind in STAGES.items():
        options = {option.name for option in group.commands[name].params}
        keys = {*keys_of(kind), *(keys_of(WeightsSpec) if name == "prune" else ())}
        assert {spelt.get(key, key) for key in keys - in_files_only} <= options, name


@pytest.mark.parametrize("name", sorted(STAGES))
def test_a_table_and_a_step_have_the_same_keys(tmp_path: Path, name: str) -> None:
    told = refused(tmp_path, step(name, "nonsense = 1"))
    assert told.startswith(f"compress.step 1, {name}: unknown key 'nonsense'; ")
    assert told.endswith(f"known: {', '.join(keys_of(STAGES[name]))}")


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (step("prun"), "compress.step 1: unknown step 'prun'; did you mean 'prune'? known: "),
        ("[[compress.step]]\nrate = 1\n", "compress.step 1: says not what to do; write do = "),
        ('step = ["prune"]\n', "compress.step: steps are tables of their own: [[compress.step]]"),
        (step("prune", "rat = 0.1"), "compress.step 1, prune: unknown key 'rat'; did you mean "),
        (step("prune", 'rate = "a"'), "compress.step 1, prune.rate: "),
        (step("prune", "rate = 2.0"), "prune.rate: 2.0 is out of range"),
        (step("quantize", "data = 3"), "compress.step 1, quantize.data: 3 names no data; "),
        (step("quantize", "seed = -1"), "compress.step 1, quantize.seed: -1 is out of range"),
        (step("prune", "seed = 4294967296"), "compress.step 1, prune.seed: 4294967296 is out of"),
        (
            step("quantize") + step("prune"),
            "compress.step 2, prune: it works on a Keras model, and step 1 has made a .tflite of "
            "it; put it before",
        ),
        (
            step("quantize") + step("quantize"),
            "compress.step 2, quantize: the model is quantised already; leave one out",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(tmp_path: Path, steps: str, told: str) -> None:
    assert refused(tmp_path, steps).startswith(told)


def test_costs_are_a_unit_of_the_board_or_given(tmp_path: Path) -> None:
    asked = 'target = "cost"\ncosts = "flash"\n'
    given = 'target = "cost"\ncosts = { conv = 3.5 }\n'
    found = recipe(tmp_path, step("prune", asked) + step("prune", given))
    assert [s.costs for s in found.step] == ["flash", None]
    assert found.step[1].spec.costs == {"conv": 3.5}  # type: ignore[attr-defined]
    told = refused(tmp_path, step("prune", 'costs = "energy"'))
    assert told == "compress.step 1, prune.costs: 'energy' is not known; known: instructions, flash"


def test_a_control_is_one_model(tmp_path: Path) -> None:
    shared = SHARED + '[compress.control]\nnet = "digits"\npath = "small.keras"\n'
    assert refused(tmp_path, "", shared).startswith("compress.control: name a trained Keras model")


def test_a_distilled_control_needs_a_teacher(tmp_path: Path) -> None:
    control = '[compress.control]\nnet = "digits"\ndistill_epochs = 2\n'
    assert "name the teacher in [compress]" in refused(tmp_path, control)


def test_what_train_quantized_learns_stays(tmp_path: Path) -> None:
    learn = step("train-quantized")
    told = refused(tmp_path, learn + step("prune"))
    assert told.startswith("compress.step 2, prune: would change the weights that train-quantized")
    told = refused(tmp_path, step("prune") + learn)
    assert told.startswith("compress.step 2, train-quantized: the integers that train-quantized")
    assert len(recipe(tmp_path, step("prune") + learn + step("quantize")).step) == 3


def test_the_teacher_of_the_control_alone_is_looked_for_first(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as model:
        model.writestr("config.json", "{}")
    (tmp_path / "train.npz").touch()
    shared = '[compress]\ndata = "train.npz"\nteacher = "big.keras"\n'
    control = '[compress.control]\nnet = "digits"\ndistill_epochs = 1\n'
    (tmp_path / "r.toml").write_text(HEAD + shared + step("quantize") + control)
    config = load_config(tmp_path / "r.toml")
    with pytest.raises(UsageError, match=r"big\.keras: no such file"):
        make(config, tmp_path, tmp_path / "out", "r", silent)
    assert not (tmp_path / "out").exists()
