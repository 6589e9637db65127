"""How `inspect --against` prints what each layer loses."""

from __future__ import annotations

from edgepack.cli.show import op, table
from edgepack.fidelity import Fidelity, LayerFidelity

_HEADER = ("op", "kind", "layer", "SNR dB", "added", "clipped", "unused bits", "weights", "helps")


def fidelity(found: Fidelity) -> str:
    """The layers as a table, those that lose most first, and the outputs' figures."""
    outputs = ", ".join(f"{value:.1f}" for value in found.output_snr_db)
    lines = [
        f"{found.model} against {found.against}, {found.samples} samples, {found.oracle}",
        f"outputs: {outputs} dB",
        "",
        table(_HEADER, [_row(layer) for layer in found.layers], right=(0, 3, 4, 5, 6)),
    ]
    if found.unmatched:
        lines += ["", f"no float tensor found for: {', '.join(found.unmatched)}"]
    return "\n".join(lines)


def _row(layer: LayerFidelity) -> tuple[str, ...]:
    name = "".join(ch if ch.isprintable() else "?" for ch in layer.layer)
    bits = "-" if layer.weight_bits is None else f"{layer.weight_bits} bits"
    if layer.weight_snr_db is not None:
        bits += f", {layer.weight_snr_db:.1f} dB"
    marks = [text for holds, text in (
        (layer.matched == "content", "matched by content"),
        (layer.rescaled, "channels rescaled"),
    ) if holds]  # fmt: skip
    return (
        op(layer.operator),
        layer.kind,
        name if len(name) <= 32 else f"..{name[-30:]}",
        f"{layer.snr_db:.1f}",
        f"{layer.added:.1e}" if layer.added else "-",
        f"{layer.saturated:.2%}" if layer.saturated >= 5e-5 else "-",
        f"{layer.unused_bits:.1f}",
        bits,
        "; ".join([*layer.helps, *(f"({mark})" for mark in marks)]),
    )
