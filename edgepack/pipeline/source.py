"""From a compiled model to its C, with the banner that says how to make it again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from edgepack import __version__
from edgepack.board import Board
from edgepack.compiler.generate import GenerateSpec, Golden, generate
from edgepack.pipeline.compile import Compiled, CompileSpec, compile_model
from edgepack.pipeline.data import random_samples
from edgepack.pipeline.frontend import front_end_text
from edgepack.pipeline.inspection import require_fit
from edgepack.pipeline.places import arena_bytes
from edgepack.pipeline.reference import NoReferenceError, bound_ulp, reference_run
from edgepack.store import Tree, canonical_json, sha256, write_tree


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
        "--frontend": front_end_text(compiled.spec.front_end),
    }
    given = [f"{option} {value}" for option, value in options.items() if value]
    given += [f"--shape '{n}={','.join(map(str, s))}'" for n, s in compiled.spec.shapes]
    given += [f"--operators {path.name}" for path in compiled.spec.operators]
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
    choices: list[object] = [spec.optimize, own.layers, own.ram_bytes, own.flash_bytes]
    parts = [own.patches, own.stream_input] if own.patches or own.stream_input else []
    read = [own.external, own.read_ahead, own.external_slice] if own.external else []
    placed = [own.places] if own.places else []
    fed = [asdict(own.front_end)] if own.front_end else []
    config = canonical_json(
        [sorted(spec.isa), spec.numerics, choices, *parts, *placed, *read, *fed]
    )
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


def golden_vector(compiled: Compiled) -> Golden | None:
    """One seeded random sample and the oracle's answer to it, for the self-test.

    None where no interpreter gives the answer.
    """
    samples = random_samples(compiled.original, 1, seed=0)
    try:
        reference = reference_run(compiled, samples.inputs)
    except NoReferenceError:
        return None
    return Golden(
        inputs=tuple(x.tobytes() for x in samples.inputs),
        outputs=tuple(y.tobytes() for y in reference.outputs),
        ulp=bound_ulp(compiled.original) or 0,
    )
