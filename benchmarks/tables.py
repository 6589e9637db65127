"""Tables of README.md and docs/operators.md, put between marks by `python -m benchmarks.tables`.

Each is made from data: boards/*.toml, the table of operators, benchmarks/results.json and
benchmarks/peers.toml. `--check` exits with 1 where a page is not what they say.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import compression_table
from edgepack.board import tomllib
from edgepack.compiler.operators import TABLE, OperatorRow
from edgepack.target.doctor import board_table

HERE = Path(__file__).resolve().parent
README = HERE.parent / "README.md"
PAGES = (README, *(HERE.parent / "docs" / name for name in ("operators.md", "compression.md")))
MODELS = {
    "ad01": "ad01_int8.tflite",
    "kws": "kws_ref_model.tflite",
    "resnet8": "pretrainedResnet_quant.tflite",
    "vww": "vww_96_int8.tflite",
}
MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines) + "\n"


def boards() -> str:
    """Every shipped board."""
    header, *rows = board_table()
    return markdown(header, [(f"`{name}`", *rest) for name, *rest in rows])


def operators() -> str:
    """The one table of operators, as users see it."""
    rows = []
    for kind, row in sorted(TABLE.items()):
        floats = "float32" in row.types
        bound = (
            ("exact" if row.float_ulp == 0 else f"within {row.float_ulp} ulp") if floats else "-"
        )
        others = ", ".join(t for t in row.types if t not in ("int8", "float32")) or "-"
        exact = ("bit-exact" if row.exact else "see notes") if "int8" in row.types else "-"
        rows.append((kind, exact, bound, others, row.notes.replace("\n", " ").replace("|", "/")))
    return markdown(("operator", "int8", "float32", "other types", "notes"), rows)


SUMMARY: tuple[tuple[str, Callable[[OperatorRow], bool]], ...] = (
    ("int8", lambda row: "int8" in row.types),
    ("float32", lambda row: "float32" in row.types),
    ("int16", lambda row: "int16" in row.types),
    ("uint8", lambda row: "uint8" in row.types),
    ("all types", lambda row: True),
)


def operator_counts() -> str:
    """How many operators take each of the usual types, and how exact they are."""
    rows = []
    for name, taken in SUMMARY:
        found = [row for row in TABLE.values() if taken(row)]
        rows.append((name, str(len(found)), _exactness(name, found)))
    return markdown(("operators", "number", "answers"), rows)


def _exactness(name: str, found: Sequence[OperatorRow]) -> str:
    if name == "float32":
        within = sum(row.float_ulp > 0 for row in found)
        return f"{len(found) - within} exact, {within} within a stated bound"
    if name == "all types":
        return "-"
    return "bit-exact" if all(row.exact for row in found) else "bit-exact but where notes say"


def bench_tables(results: Mapping[str, Any]) -> str:
    """Instructions, RAM and flash of the four models, with the peers' ratios where known."""
    peers = tomllib.loads((HERE / "peers.toml").read_text())
    parts = [
        ("Instructions of one inference (emulated)", _instructions),
        ("Cycles of one inference, thousands (estimated; in brackets ms at the clock)", _cycles),
        ("RAM, bytes: arena with inputs and outputs, and the stack", _ram),
        ("Flash without weights, bytes: code and tables", _flash),
    ]
    return "\n".join(f"**{title}**\n\n{_grid(results, peers, cell)}" for title, cell in parts)


Cell = Callable[[str, str, Any, Mapping[str, Any]], str]


def _grid(results: Mapping[str, Any], peers: Mapping[str, Any], cell: Cell) -> str:
    rows = []
    for board in sorted(results):
        by_model = results[board]
        name, _, level = board.partition(":")
        shown = f"`{name}`, `{level}`" if level else f"`{name}`"
        rows.append([shown, *(_cell(board, m, by_model.get(m), peers, cell) for m in MODELS)])
    return markdown(("board", *MODELS), rows)


def _cell(board: str, model: str, result: Any, peers: Mapping[str, Any], cell: Cell) -> str:
    if result is None:
        return "not run"
    if "does_not_fit" in result:
        return "does not fit"
    if "failed" in result:
        return "failed"
    return cell(board, model, result, peers)


def _ratio(ours: float, board: str, model: str, figure: str, peers: Mapping[str, Any]) -> str:
    found = []
    for peer, short in (("cmsis_nn", "CMSIS-NN"), ("reference", "TFLM ref.")):
        theirs = peers.get(board.split(":")[0], {}).get(peer, {}).get(figure, {}).get(model)
        if theirs:
            found.append(f"{ours / theirs:.2f} of {short}")
    return f" ({', '.join(found)})" if found else ""


def _instructions(board: str, model: str, result: Any, peers: Mapping[str, Any]) -> str:
    count = result["latency"][0]["mean"]
    return f"{count:,.0f}{_ratio(count, board, model, 'instructions', peers)}"


def _cycles(board: str, model: str, result: Any, peers: Mapping[str, Any]) -> str:
    found = {v["unit"]: v for v in result["latency"] if v.get("kind") == "estimated"}
    if "cycles" not in found:
        return "no model"
    cycles = found["cycles"]
    error = (cycles["max"] - cycles["min"]) / 2 / cycles["mean"]
    text = f"{cycles['mean'] / 1e3:,.0f} within {100 * error:.0f} %"
    if "us" in found:
        text += f" ({found['us']['mean'] / 1e3:,.2f})"
    core = peers.get(board.split(":")[0], {}).get("published_cycles", {}).get(model)
    return text + (f"; {cycles['mean'] / core:.2f} of the best published" if core else "")


def _ram(board: str, model: str, result: Any, peers: Mapping[str, Any]) -> str:
    ram = result["memory"]["ram"]
    return f"{ram['arena']:,} + {ram['stack_peak']:,}" + _ratio(
        ram["arena"], board, model, "arena", peers
    )


def _flash(board: str, model: str, result: Any, peers: Mapping[str, Any]) -> str:
    flash = result["memory"]["flash"]
    size = flash["code"] + flash["tables"]
    return f"{size:,}{_ratio(size, board, model, 'code', peers)}"


def bench() -> str:
    """The bench's tables, with what made them."""
    results = json.loads((HERE / "results.json").read_text())
    compilers = sorted(
        {r["provenance"]["compiler"] for m in results.values() for r in m.values() if "model" in r}
    )
    return f"{bench_tables(results)}\nCompilers: {', '.join(compilers)}.\n"


def session(name: str) -> Callable[[], str]:
    """What a command printed, kept by `python -m benchmarks.sessions`."""
    return lambda: f"```text\n{(HERE / 'sessions' / f'{name}.txt').read_text().rstrip()}\n```\n"


TABLES: Mapping[str, Callable[[], str]] = {
    "demo": session("demo"),
    "run": session("run"),
    "inspect": session("inspect"),
    "boards": boards,
    "operators": operators,
    "operator_counts": operator_counts,
    "bench": bench,
    "compression": compression_table.tables,
    "compression_summary": compression_table.summary,
}


def rendered(text: str) -> str:
    """The text with every marked table made anew."""
    return MARK.sub(lambda m: f"{m[1]}{TABLES[m[2]]()}{m[3]}", text)


def main() -> int:
    """Rewrite the pages, or with --check compare."""
    changed = 0
    for page in PAGES:
        old = page.read_text()
        new = rendered(old)
        changed |= old != new
        if "--check" not in sys.argv:
            page.write_text(new)
    return int(changed and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
