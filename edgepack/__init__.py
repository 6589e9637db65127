"""edgepack: from a Keras or TFLite model to C, firmware and numbers from the microcontroller.

The names below are what a build script needs; each is documented where it is defined, and is
imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgepack.board import load_board
    from edgepack.compress.in_memory import (
        cluster_weights,
        fine_tune,
        prune_layers,
        prune_neurons,
        prune_weights,
        train_quantized,
    )
    from edgepack.compress.quantizing.rounded import quantize_weights
    from edgepack.errors import EdgepackError
    from edgepack.frontend import FrontEnd
    from edgepack.oracle.frontend import features
    from edgepack.pipeline import (
        CompileSpec,
        DeviceSpec,
        bench,
        build_model,
        check_model,
        convert_model,
        generate_c,
        infer,
        inspect_model,
        profile,
        prune_model,
        quantize_model,
        run,
        verify,
    )
    from edgepack.pipeline.in_memory import cost_of, evaluate

__version__ = "0.1.0"

_IN_MEMORY = "edgepack.compress.in_memory"
_HOMES = {
    "cluster_weights": _IN_MEMORY,
    "cost_of": "edgepack.pipeline.in_memory",
    "evaluate": "edgepack.pipeline.in_memory",
    "fine_tune": _IN_MEMORY,
    "prune_layers": _IN_MEMORY,
    "prune_neurons": _IN_MEMORY,
    "prune_weights": _IN_MEMORY,
    "quantize_weights": "edgepack.compress.quantizing.rounded",
    "train_quantized": _IN_MEMORY,
    "load_board": "edgepack.board",
    "EdgepackError": "edgepack.errors",
    "FrontEnd": "edgepack.frontend",
    "features": "edgepack.oracle.frontend",
}
_PIPELINE = "edgepack.pipeline"

__all__ = [
    "CompileSpec",
    "DeviceSpec",
    "EdgepackError",
    "FrontEnd",
    "bench",
    "build_model",
    "check_model",
    "cluster_weights",
    "convert_model",
    "cost_of",
    "evaluate",
    "features",
    "fine_tune",
    "generate_c",
    "infer",
    "inspect_model",
    "load_board",
    "profile",
    "prune_layers",
    "prune_model",
    "prune_neurons",
    "prune_weights",
    "quantize_model",
    "quantize_weights",
    "run",
    "train_quantized",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'edgepack' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(_HOMES.get(name, _PIPELINE)), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
