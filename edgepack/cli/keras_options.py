"""Options that the commands on Keras models share, and what they print."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from edgepack.cli import show
from edgepack.cli.options import PATH, Decorator

data_option = click.option("--data", help=".npz or .npy of x and y, or module:function.")
test_option = click.option("--test", help="Labelled data to score before and after.")
scale_option = click.option("--scale", default=1.0, help="The model is given x * scale.")
seed_option = click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True
)
trust_option = click.option("--trust-model", is_flag=True, help="Let code inside the file run.")


def training_options(*, epochs: int, learning_rate: float) -> tuple[Decorator, ...]:
    """The fields of TuningOptions, with these defaults; `sources` reads them."""
    return (
        click.option(
            "--epochs",
            type=click.IntRange(min=0),
            default=epochs,
            show_default=True,
            help="Of training on --data.",
        ),
        click.option("--learning-rate", default=learning_rate, show_default=True),
        click.option("--batch-size", default=32, show_default=True),
        click.option("--teacher", default="", help="A Keras model to learn from as well."),
        click.option("--temperature", default=4.0, show_default=True, help="Of its answers."),
        click.option("--teacher-weight", default=0.9, show_default=True, help="In the loss."),
        data_option,
        test_option,
        scale_option,
        seed_option,
        trust_option,
    )


def output_option(suffix: str) -> Decorator:
    """-o, --output: the file that the command writes."""
    return click.option("-o", "--output", type=PATH, required=True, help=f"A {suffix} file.")


def sources(values: dict[str, Any]) -> dict[str, Any]:
    """`values` with `data` and `test` as DataSpecs of the given scale."""
    from edgepack.compress import DataSpec

    scale = values.pop("scale")
    for name in {"data", "test"} & set(values):
        source = values[name]
        values[name] = DataSpec(source=source, scale=scale) if source else None
    return values


def print_report(report: Any, output: Path, as_json: bool) -> None:
    """What was written, and the score before and after each phase."""
    if as_json:
        show.print_json(report)
        return
    click.echo(f"wrote {output} ({report.output.bytes:,} B) and {output.name}.json")
    for phase in getattr(report, "phases", ())[:-1]:
        scored = f", {phase.score.metric} {phase.score.value:.4f}" if phase.score else ""
        click.echo(f"{phase.name}: {phase.zero_weights:.1%} zeros{scored}")
    for line in _pruned(report):
        click.echo(line)
    for line in _shared(report):
        click.echo(line)
    for layer in getattr(report, "sensitivity", ()) or getattr(report, "figures", ()):
        click.echo(f"{layer.layer}: {layer.bits} bits")
    if report.before and report.after:
        click.echo(_scores(report))


def _scores(report: Any) -> str:
    """`accuracy 0.9000 -> 0.8900 (0.8500 as it was cut), n = 400`, and on what."""
    after = report.after
    between = [
        (getattr(report, "rounded", None), "rounded, before training"),
        (None if hasattr(report, "phases") else getattr(report, "cut", None), "before training"),
    ]
    told = "".join(f" ({score.value:.4f} {when})" for score, when in between if score)
    where = " of --data (no --test)" if report.scored_on == "data" else ""
    return (
        f"{after.metric} {report.before.value:.4f} -> {after.value:.4f}{told}, n = {after.n}{where}"
    )


def _shared(report: Any) -> Iterator[str]:
    """The codebooks of each kernel."""
    for layer in report.layers if hasattr(report, "layers") else ():
        if hasattr(layer, "codebooks"):
            books = f", {layer.codebooks} codebooks" if layer.codebooks > 1 else ""
            yield f"{layer.layer}: {layer.entries} values{books}, error {layer.error:.1%}"


def _pruned(report: Any) -> Iterator[str]:
    """The size before and after, each part of the model that might have gone, and what stayed."""
    before, after = getattr(report, "size_before", None), getattr(report, "size_after", None)
    if before is None or after is None:
        return
    yield (
        f"weights {before.weights:,} -> {after.weights:,}, MACs {before.macs:,} -> {after.macs:,}"
    )
    for found in report.candidates:
        verb = ", and it goes" if found.removed else ""
        without = ", ".join(found.layers)
        yield f"round {found.round}: loss {found.loss:.4f} without {without}{verb}"
    for layer, why in report.frozen.items():
        yield f"{layer} keeps its channels: {why}"
