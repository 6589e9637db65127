"""From a .tflite to C: read, optimise, lower, plan, generate; and what is known without a board."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from edgepack.board import Board
from edgepack.compiler.choice import Budget, choose
from edgepack.compiler.entry import choose_entry
from edgepack.compiler.external import sliced, with_external
from edgepack.compiler.frontend import with_front_end
from edgepack.compiler.identifiers import identifier
from edgepack.compiler.lowering import lower, offer
from edgepack.compiler.operators import OperatorRow
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.order import in_best_order
from edgepack.compiler.patch_choice import Count, by_patches
from edgepack.compiler.planner import plan_memory
from edgepack.compiler.reader import read_model
from edgepack.errors import UsageError
from edgepack.frontend import FrontEnd
from edgepack.graph import Graph, Tensor
from edgepack.pipeline.levels import Patterns, budget_of, operator_levels
from edgepack.pipeline.own_operators import load_operators
from edgepack.pipeline.places import Wanted, places_of
from edgepack.program import (
    Level,
    LowerSpec,
    MemoryPlan,
    Places,
    Program,
)
from edgepack.results import (
    ModelFacts,
)
from edgepack.store import read_file, sha256


@dataclass(frozen=True, slots=True)
class CompileSpec:
    """Choices of the compiler, and how the model is called in C."""

    name: str = ""
    numerics: Literal["litert", "tflm"] = "litert"
    optimize: Level = "balanced"
    operators: tuple[Path, ...] = ()  # Python files that define rows of custom operators
    layers: Patterns = ()  # levels of single layers: see pipeline.levels
    ram_bytes: int = 0  # that arena and stack may take; 0: what the board has
    flash_bytes: int = 0  # that constants and kernels may take
    patches: Count = 0  # of rows, of the layers where that lowers the arena; 0: none
    stream_input: bool = False  # the input comes row by row and never lies in RAM as a whole
    signature: str = ""  # which of the file's functions; "": the only one
    shapes: tuple[tuple[str, tuple[int, ...]], ...] = ()  # of inputs, by name
    front_end: FrontEnd | None = None  # what makes the first input out of samples
    places: Wanted = ()  # of arena, weights, code and operators, in the board's memories
    external: tuple[str, ...] = ()  # operators, as of `layers`, whose weights are read from a file
    read_ahead: bool = False  # while the step in front runs
    external_slice: int = 16_384  # bytes of a dense layer's weights that are read at once


@dataclass(frozen=True, slots=True)
class Compiled:
    """A model, lowered and planned, before it becomes C."""

    model: bytes
    source: str  # the .tflite's file name
    original: Graph
    program: Program
    plan: MemoryPlan
    board: Board | None
    spec: CompileSpec = CompileSpec()
    places: Places = field(default_factory=Places)

    @property
    def target(self) -> Tensor:
        """The first input as the model's file has it, which a front end feeds."""
        plain = read_model(self.model, resized=bool(self.spec.shapes))
        return plain.tensor(plain.inputs[0])

    @property
    def graph(self) -> Graph:
        """The optimised graph."""
        return self.program.graph

    @property
    def stateful(self) -> bool:
        """Whether it keeps anything from one inference to the next."""
        return self.plan.state_bytes > 0

    @property
    def default_name(self) -> str:
        """How the model is called in C where no name is given."""
        return identifier(default_name(Path(self.source)))

    @property
    def facts(self) -> ModelFacts:
        """Which model it is."""
        macs = nominal_macs(self.original, self.program)
        return ModelFacts(self.graph.name, self.graph.sha256, macs, self.program.macs)


def nominal_macs(original: Graph, program: Program) -> int:
    """MACs before the optimiser took operators out."""
    if original.operators == program.graph.operators:
        return program.macs
    return lower(original, program.spec).macs


def load_graph(model: Path, spec: CompileSpec, own: Sequence[OperatorRow]) -> tuple[bytes, Graph]:
    """The model as interpreters may run it, and its validated graph.

    `own` are rows of custom operators. The bytes differ from the file's where another signature
    than the first or shapes were asked for; the graph's SHA-256 is the file's.
    """
    if model.is_dir():
        raise UsageError(
            f"{model}: is a directory; a .tflite file is wanted here. "
            "From a SavedModel: edgepack quantize MODEL, or convert MODEL"
        )
    data = read_file(model, "model")
    name = spec.name or default_name(model)
    entry = choose_entry(data, name, spec.signature, dict(spec.shapes))
    graph = entry.named(read_model(entry.data, name, own, resized=entry.resized))
    return entry.data, replace(graph, sha256=sha256(data))


def default_name(model: Path) -> str:
    """A C identifier from the file's name."""
    stem = re.sub(r"\W+", "_", model.stem).strip("_") or "model"
    return f"m{stem}" if stem[0].isdigit() else stem


def compile_model(model: Path, board: Board | None, spec: CompileSpec | None = None) -> Compiled:
    """Read, validate, optimise, lower and plan a .tflite; raises ModelError or UsageError."""
    spec = spec or CompileSpec()
    own = load_operators(spec.operators)
    data, original = load_graph(model, spec, own.rows)
    if spec.front_end is not None:
        original = with_front_end(original, spec.front_end)
    isa = board.isa if board else frozenset()
    levels = operator_levels(original, spec.layers)
    read = {n for n, _ in operator_levels(original, [(p, True) for p in spec.external])}
    graph = sliced(optimise(original), read, spec.external_slice)
    how = LowerSpec(isa, spec.numerics, spec.optimize, levels)
    budget = budget_of(board, spec.ram_bytes, spec.flash_bytes)
    if spec.patches or spec.stream_input:
        program, plan = _by_patches(graph, how, budget, spec)
    else:
        program, plan = in_best_order(*choose(offer(graph, how), budget))
    if read:
        program = with_external(program, read, ahead=spec.read_ahead)
        plan = plan_memory(program)
    program = replace(program, files=own.files)
    places = places_of(program, plan, original, board, spec.places)
    return Compiled(data, model.name, original, program, plan, board, spec, places)


def _by_patches(
    graph: Graph, how: LowerSpec, budget: Budget, spec: CompileSpec
) -> tuple[Program, MemoryPlan]:
    """The choice by patches; UsageError where the input cannot be streamed."""

    def make(whole: Graph) -> Program:
        return choose(offer(whole, how), budget)[0]

    program, plan = by_patches(graph, make, spec.patches or "auto", stream=spec.stream_input)
    if spec.stream_input and program.stream is None:
        raise UsageError(
            f"{graph.name}: its input cannot be streamed: that takes one image, "
            "[1,height,width,channels], whose first layers are convolutions, pools or work value "
            "by value, and no more patches than rows behind them. Leave stream_input out."
        )
    return program, plan
