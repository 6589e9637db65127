"""What is known of a model without a board: operators, memory, and whether it fits."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from edgepack.board import Board
from edgepack.compiler.operators.checks import printable
from edgepack.errors import GateError
from edgepack.graph import ABSENT, Graph, Operator, Tensor
from edgepack.pipeline.compile import Compiled, CompileSpec, compile_model
from edgepack.pipeline.places import arena_bytes, region_facts
from edgepack.program import Choice, Const, MemoryPlan, Program, Role, Step
from edgepack.results import (
    BoardFacts,
    Inspection,
    OperatorFacts,
    PatchFacts,
    PlanRow,
    Prediction,
)
from edgepack.target.cycles import CORES

LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
WITH_VALUES = ("ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM", "PRELU", "CONCATENATION")


def inspect_model(
    model: Path, board: Board | None = None, spec: CompileSpec | None = None
) -> Inspection:
    """Operators, shapes, MACs, weights and the memory plan; with a board, whether it fits."""
    return inspection(compile_model(model, board, spec))


def check_model(model: Path, board: Board, spec: CompileSpec | None = None) -> Inspection:
    """The inspection of a model that fits board and budgets; GateError says what does not."""
    compiled = compile_model(model, board, spec)
    require_fit(compiled)
    _require_budgets(compiled)
    return inspection(compiled)


def _require_budgets(compiled: Compiled) -> None:
    own, plan = compiled.spec, compiled.plan
    constants = sum(len(c.data) for c in unique_constants(compiled.program))
    for what, need, limit in (
        (f"{_need_text(plan)}", plan.block_bytes, own.ram_bytes),
        ("weights and tables need", constants, own.flash_bytes),
    ):
        if limit and need > limit:
            raise GateError(
                f"{what} {need} B, the budget is {limit} B, {need - limit} B too much. "
                "Raise it, or prune"
            )


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
        choice = choices.get(operator.index)
        rows.append(
            OperatorFacts(
                operator=operator.index,
                kind=operator.kind,
                output=_output_text(operator, graph) + times,
                kernels=tuple(dict.fromkeys(name for s in steps for name in _kernels(s))),
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


def _kernels(step: Step) -> tuple[str, ...]:
    """What it calls, the kernel with its variant."""
    return (*step.kernels[:-1], f"{step.kernel} ({step.variant})")


def _kind(graph: Graph, index: int) -> str:
    return next((o.kind for o in graph.operators if o.index == index), "?")
