"""A page of what each layer of a quantised model loses: a plot in the model's order, a table."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from edgepack.fidelity import Fidelity, LayerFidelity

WIDTH, HEIGHT = 960, 320
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 12, 34
_TICK_DB = 10
_LABEL_EVERY = 16.0  # user units that a label under a column needs


@dataclass(frozen=True, slots=True)
class Column:
    """One layer's ratio of signal to noise, in user units of the SVG."""

    x: float
    y: float
    width: float
    height: float
    helped: bool  # something would help it
    label: str  # empty where there is no room for it
    middle: float
    detail: str


@dataclass(frozen=True, slots=True)
class FidelityPlot:
    """Columns from the first layer to the last; `ticks` are heights and their dB."""

    columns: tuple[Column, ...]
    ticks: tuple[tuple[float, int], ...]


def plot(found: Fidelity) -> FidelityPlot:
    """The picture of the layers' ratios; columns of layers that something would help stand out."""
    layers = sorted(found.layers, key=lambda layer: layer.operator)
    top = max([_TICK_DB, *(layer.snr_db for layer in layers)])
    most = _TICK_DB * -(-int(top + 0.999) // _TICK_DB)
    unit = (HEIGHT - TOP - BOTTOM) / most
    floor = HEIGHT - BOTTOM
    wide = (WIDTH - LEFT - RIGHT) / max(1, len(layers))
    every = max(1, round(_LABEL_EVERY / wide + 0.499))
    columns = tuple(
        _column(layer, LEFT + i * wide, wide, floor, unit, labelled=i % every == 0)
        for i, layer in enumerate(layers)
    )
    step = _TICK_DB if most <= 6 * _TICK_DB else 2 * _TICK_DB
    ticks = tuple((round(floor - db * unit, 1), db) for db in range(0, most + 1, step))
    return FidelityPlot(columns, ticks)


def _column(
    layer: LayerFidelity, x: float, wide: float, floor: float, unit: float, *, labelled: bool
) -> Column:
    height = max(0.0, layer.snr_db) * unit
    gap = min(4.0, wide / 5)
    return Column(
        x=round(x + gap / 2, 1),
        y=round(floor - height, 1),
        width=round(wide - gap, 1),
        height=round(height, 1),
        helped=bool(layer.helps),
        label=str(layer.operator) if labelled else "",
        middle=round(x + wide / 2, 1),
        detail=f"op {layer.operator} {layer.kind} {layer.layer}: {layer.snr_db:.1f} dB"
        + "".join(f"; {text}" for text in layer.helps),
    )


def fidelity_page(found: Fidelity) -> str:
    """The page, escaped, with its style and picture inside it and nothing fetched."""
    import jinja2

    template = resources.files("edgepack.report").joinpath("fidelity.html.j2").read_text("utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    frame = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "bottom": HEIGHT - BOTTOM}
    return environment.from_string(template).render(found=found, plot=plot(found), frame=frame)
