"""From a .tflite to C: read, optimise, lower, plan, generate; and what is known without a board."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from edgepack import __version__
from edgepack.board import Board
from edgepack.compiler.choice import Budget, choose
from edgepack.compiler.entry import choose_entry
from edgepack.compiler.external import sliced, with_external
from edgepack.compiler.frontend import with_front_end
from edgepack.compiler.generate import GenerateSpec, Golden, generate
from edgepack.compiler.identifiers import identifier
from edgepack.compiler.lowering import lower, offer
from edgepack.compiler.operators import OperatorRow, row_of
from edgepack.compiler.operators.checks import printable
from edgepack.compiler.operators.frontend import FRONT_END_ROWS
from edgepack.compiler.optimiser import optimise
from edgepack.compiler.order import in_best_order
from edgepack.compiler.patch_choice import Count, by_patches
from edgepack.compiler.patches import HELPER
from edgepack.compiler.planner import plan_memory
from edgepack.compiler.reader import read_model
from edgepack.errors import GateError, UsageError
from edgepack.frontend import FrontEnd
from edgepack.graph import ABSENT, DType, Graph, Operator, Tensor
from edgepack.oracle import Numerics
from edgepack.pipeline.data import random_samples
from edgepack.pipeline.levels import Patterns, budget_of, operator_levels
from edgepack.pipeline.own_operators import load_operators
from edgepack.pipeline.places import Wanted, arena_bytes, places_of, region_facts
from edgepack.pipeline.reference import reference_run
from edgepack.program import (
    Choice,
    Const,
    Level,
    LowerSpec,
    MemoryPlan,
    Places,
    Program,
    Role,
    Step,
)
from edgepack.results import (
    BoardFacts,
    Inspection,
    ModelFacts,
    OperatorFacts,
    PatchFacts,
    PlanRow,
    Prediction,
)
from edgepack.store import Tree, canonical_json, read_file, sha256, write_tree
from edgepack.target.cycles import CORES

LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
WITH_VALUES = ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "PRELU", "CONCATENATION")


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


def source_tree(compiled: Compiled, golden: Golden | None = None) -> Tree:
    """The generated C, with the runtime's files that it calls."""
    board = compiled.board
    spec = GenerateSpec(
        source=compiled.source,
        version=__version__,
        command=_command(compiled),
        digests=_digests(compiled),
        board=board.name if board else "",
        ram_bytes=arena_bytes(board, compiled.places) if board and board.memory else None,
        golden=golden,
        places=compiled.places,
    )
    return generate(compiled.program, compiled.plan, spec)


def _command(compiled: Compiled) -> str:
    """The command line that generates the same C, but for the output folder."""
    program, plain = compiled.program, CompileSpec()
    options = {
        "--board": compiled.board.name if compiled.board else "",
        "--name": program.graph.name if program.graph.name != compiled.default_name else "",
        "--numerics": program.spec.numerics if program.spec.numerics != plain.numerics else "",
        "--optimize": program.spec.optimize if program.spec.optimize != plain.optimize else "",
        "--ram": compiled.spec.ram_bytes or "",
        "--flash": compiled.spec.flash_bytes or "",
        "--patches": compiled.spec.patches or "",
        "--signature": compiled.spec.signature,
    }
    given = [f"{option} {value}" for option, value in options.items() if value]
    given += [f"--shape '{n}={','.join(map(str, s))}'" for n, s in compiled.spec.shapes]
    given += [f"--layer '{pattern}={level}'" for pattern, level in compiled.spec.layers]
    given += [f"--place '{what}={region}'" for what, region in compiled.spec.places]
    given += [f"--external '{pattern}'" for pattern in compiled.spec.external]
    if compiled.spec.external and compiled.spec.external_slice != plain.external_slice:
        given.append(f"--external-slice {compiled.spec.external_slice}")
    given += ["--read-ahead"] if compiled.spec.read_ahead else []
    given += ["--stream-input"] if compiled.spec.stream_input else []
    return " ".join(["edgepack generate", compiled.source, *given])


def _digests(compiled: Compiled) -> tuple[tuple[str, str], ...]:
    spec = compiled.program.spec
    own = compiled.spec
    choices = [spec.optimize, own.layers, own.ram_bytes, own.flash_bytes]
    parts = [own.patches, own.stream_input] if own.patches or own.stream_input else []
    read = [own.external, own.read_ahead, own.external_slice] if own.external else []
    placed = [own.places] if own.places else []
    config = canonical_json([sorted(spec.isa), spec.numerics, choices, *parts, *placed, *read])
    found = [("config", sha256(config.encode()))]
    if compiled.program.files:
        names = canonical_json([[name, sha256(data)] for name, data in compiled.program.files])
        found.append(("operators", sha256(names.encode())))
    if compiled.board is not None:
        found.append(("board", sha256(compiled.board.canonical.encode())))
    return tuple(found)


def generate_c(
    model: Path, folder: Path, board: Board | None = None, spec: CompileSpec | None = None
) -> Tree:
    """Write the model's C into `folder`; only files that edgepack wrote there are replaced."""
    compiled = compile_model(model, board, spec)
    require_fit(compiled)
    tree = source_tree(compiled, golden_vector(compiled))
    write_tree(tree, folder)
    return tree


def follows_oracle(compiled: Compiled) -> bool:
    """Whether LiteRT's answer is what the C must give: not where TFLite Micro rounds otherwise."""
    program = compiled.program
    if has_own_operators(compiled):
        return False
    if program.spec.numerics == "litert":
        return True
    one, other = (
        lower(program.graph, replace(program.spec, numerics=numerics)).steps
        for numerics in ("litert", program.spec.numerics)
    )
    return one == other


def oracle_numerics(compiled: Compiled) -> Numerics | None:
    """Which interpreter gives the bits that the C must give; None where none that is installed."""
    if has_own_operators(compiled):
        return None
    if follows_oracle(compiled):
        return "litert"
    return "tflm" if find_spec("tflite_micro") is not None else None


def has_own_operators(compiled: Compiled) -> bool:
    """Whether the model has operators of the user's, which no interpreter runs."""
    rows = {operator.own for operator in compiled.original.operators}
    return not rows <= {None, *FRONT_END_ROWS}


def golden_vector(compiled: Compiled) -> Golden | None:
    """One seeded random sample and the oracle's answer to it, for the self-test.

    None where there is no oracle of the numerics that were asked for.
    """
    numerics = oracle_numerics(compiled)
    if numerics is None:
        return None
    samples = random_samples(compiled.original, 1, seed=0)
    reference = reference_run(compiled, samples.inputs, numerics)
    return Golden(
        inputs=tuple(x.tobytes() for x in samples.inputs),
        outputs=tuple(y.tobytes() for y in reference.outputs),
        ulp=bound_ulp(compiled.original) or 0,
    )


def bound_ulp(graph: Graph) -> int | None:
    """The stated bound of a model with a float32 output, or None where all outputs are exact.

    0 where every operator is exact; else the sum of the operators' bounds, which holds for the
    last ones of a model and is checked, not proven, for those in its middle.
    """
    if all(graph.tensor(i).dtype is not DType.FLOAT32 for i in graph.outputs):
        return None
    return _float_ulp(graph)


def _float_ulp(graph: Graph) -> int:
    """Of all operators, those of branches and loops once."""
    floats = [
        operator
        for operator in graph.operators
        if any(graph.tensor(t).dtype is DType.FLOAT32 for t in operator.outputs)
    ]
    own = sum(row_of(operator).float_ulp for operator in floats)
    return own + sum(_float_ulp(subgraph) for subgraph in graph.subgraphs)


def inspect_model(
    model: Path, board: Board | None = None, spec: CompileSpec | None = None
) -> Inspection:
    """Operators, shapes, MACs, weights and the memory plan; with a board, whether it fits."""
    return inspection(compile_model(model, board, spec))


def check_model(model: Path, board: Board, spec: CompileSpec | None = None) -> Inspection:
    """The inspection of a model that fits; GateError names the operator at fault where not."""
    compiled = compile_model(model, board, spec)
    require_fit(compiled)
    return inspection(compiled)


def require_fit(compiled: Compiled) -> None:
    """GateError where arena or constants alone exceed the board's RAM or flash."""
    problem = misfit(compiled)
    if problem:
        raise GateError(problem)


def misfit(compiled: Compiled) -> str:
    """Why the model cannot fit the board, or ''."""
    board, plan = compiled.board, compiled.plan
    if board is None or board.memory is None:
        return ""
    ram = arena_bytes(board, compiled.places)
    flash = sum(region.bytes for region in board.memory.all("flash").values())
    if plan.block_bytes > ram:
        peak = compiled.program.steps[plan.peak_step]
        where = "" if compiled.places.arena == "ram" else f" in {compiled.places.arena}"
        kind = _kind(compiled.original, peak.operator)
        return (
            f"{_need_text(plan)} {plan.block_bytes} B, {board.name} has {ram} B of RAM{where}; "
            f"the peak is op {peak.operator} {kind}, {plan.block_bytes - ram} B too much. "
            "Narrow it, or prune."
        )
    constants = sum(len(c.data) for c in unique_constants(compiled.program))
    if constants > flash:
        largest = max(compiled.program.steps, key=lambda s: _bytes(s, "weights"))
        kind = _kind(compiled.original, largest.operator)
        return (
            f"weights and tables need {constants} B, {board.name} has {flash} B of flash; the "
            f"largest is op {largest.operator} {kind} with {_bytes(largest, 'weights')} B, "
            f"{constants - flash} B too much in all. Prune, or quantise."
        )
    return ""


def _need_text(plan: MemoryPlan) -> str:
    return "arena and state need" if plan.state_bytes else "arena needs"


def inspection(compiled: Compiled) -> Inspection:
    """What is known of a compiled model without a device."""
    program, plan, board = compiled.program, compiled.plan, compiled.board
    constants = unique_constants(program)
    stored = sum(c.bytes_of("weights") for c in constants)
    weights = min(stored, weight_bytes(compiled.graph))
    memory = board.memory if board else None
    return Inspection(
        model=compiled.facts,
        inputs=tuple(describe(compiled.graph.tensor(i)) for i in compiled.graph.inputs),
        outputs=tuple(describe(compiled.graph.tensor(i)) for i in compiled.graph.outputs),
        input_names=tuple(printable(name) for name in compiled.graph.end_names("input")),
        output_names=tuple(printable(name) for name in compiled.graph.end_names("output")),
        operators=tuple(_operators(compiled.graph, program, board)),
        weights=weights,
        tables=sum(len(c.data) for c in constants) - weights,
        arena=plan.arena_bytes,
        state=plan.state_bytes,
        peak_operator=program.steps[plan.peak_step].operator if program.steps else ABSENT,
        plan=plan_rows(compiled),
        board=board_facts(board) if board else None,
        flash_limit=memory.flash.bytes if memory else None,
        ram_limit=memory.ram.bytes if memory else None,
        problem=misfit(compiled),
        arena_bound=plan.lower_bound,
        patches=_patch_facts(compiled),
        external=len(program.external),
        regions=region_facts(program, plan, board, compiled.places),
    )


def _patch_facts(compiled: Compiled) -> PatchFacts | None:
    patching, stream = compiled.program.patching, compiled.program.stream
    if patching is None:
        return None
    return PatchFacts(
        first=patching.first,
        last=patching.last,
        patches=patching.patches,
        halo=patching.halo,
        extra_macs=patching.extra_macs,
        row_bytes=stream.row_bytes if stream else 0,
    )


def board_facts(board: Board) -> BoardFacts:
    """The board as results name it."""
    return BoardFacts(board.name, board.core, board.clock_hz, board.kind)


def plan_rows(compiled: Compiled) -> tuple[PlanRow, ...]:
    """The memory plan with a label a buffer."""
    return tuple(
        PlanRow(_label(compiled, p.tensor, p.step), p.offset, p.bytes, p.first, p.last)
        for p in compiled.plan.placements
    )


def unique_constants(program: Program) -> list[Const]:
    """The constant arrays, each once, as the generator emits them."""
    found = [a for step in program.steps for a in step.arguments if isinstance(a, Const)]
    return list({(c.ctype, c.data): c for c in found}.values())


def weight_bytes(graph: Graph) -> int:
    """Bytes that the model itself has for weights and biases.

    What a kernel's packing adds to them, padding included, counts as tables.
    """
    constants = {
        i
        for operator in graph.operators
        for place, i in enumerate(operator.inputs)
        if i != ABSENT and graph.tensor(i).data is not None and _is_weight(operator, place)
    }
    return sum(graph.tensor(i).bytes for i in constants)


def _is_weight(operator: Operator, place: int) -> bool:
    return place > 0 if operator.kind in LAYERS else operator.kind in WITH_VALUES


def describe(tensor: Tensor) -> str:
    """`int8 [1,96,96,3], scale 0.0039, zero point -128`."""
    text = f"{tensor.dtype.name.lower()} [{','.join(map(str, tensor.shape))}]"
    if tensor.quantization is None:
        return text
    return f"{text}, scale {tensor.scale:.6g}, zero point {tensor.zero_point}"


def _label(compiled: Compiled, tensor: int, step: int) -> str:
    if tensor == ABSENT:
        return f"scratch of op {compiled.program.steps[step].operator}"
    graph = compiled.graph
    for role, members in (("input", graph.inputs), ("output", graph.outputs)):
        if tensor in members:
            return f"{role} {members.index(tensor)}"
    maker = next((o for o in graph.operators if tensor in o.outputs), None)
    return f"op {maker.index} {maker.kind}" if maker else f"tensor {tensor}"


def _operators(graph: Graph, program: Program, board: Board | None) -> list[OperatorFacts]:
    rows = []
    choices = {choice.operator: choice for choice in program.choices}
    parts: dict[int, list[Operator]] = defaultdict(list)
    for operator in graph.operators:
        parts[operator.index].append(operator)
    for operator, *others in parts.values():
        steps = [s for s in program.steps if s.operator == operator.index]
        times = f" x {len(others) + 1}" if others else ""
        if operator.index == HELPER:
            times = " and others"
        choice = choices.get(operator.index)
        rows.append(
            OperatorFacts(
                operator=operator.index,
                kind=operator.kind,
                output=_output_text(operator, graph) + times,
                kernels=tuple(dict.fromkeys(f"{s.kernel} ({s.variant})" for s in steps)),
                macs=sum(s.macs for s in steps),
                weights=sum(_bytes(s, "weights") for s in steps),
                tables=sum(_bytes(s, "tables") for s in steps),
                name=graph.tensor(operator.outputs[0]).name if operator.outputs else "",
                level=choice.level if choice else program.spec.optimize,
                predicted=_predicted(choice, board) if choice else (),
                why=choice.why if choice else "",
            )
        )
    return rows


def _predicted(choice: Choice, board: Board | None) -> tuple[Prediction, ...]:
    """Instructions, and cycles where the board's core has a table of costs."""
    if choice.cost is None or board is None:
        return ()
    found = [Prediction("instructions", round(choice.cost.instructions))]
    core = CORES.get(board.core)
    if core is not None and choice.cost.cycles:
        found.append(Prediction("cycles", round(choice.cost.cycles * core.scale)))
    return tuple(found)


def _output_text(operator: Operator, graph: Graph) -> str:
    """What it makes, or what it changes."""
    made = operator.outputs[:1] or operator.inputs[:1]
    return describe(graph.tensor(made[0])).split(", scale")[0] if made else ""


def _bytes(step: Step, role: Role) -> int:
    return sum(a.bytes_of(role) for a in step.arguments if isinstance(a, Const))


def _kind(graph: Graph, index: int) -> str:
    return next((o.kind for o in graph.operators if o.index == index), "?")
