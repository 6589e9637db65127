"""The order of the stages: the only code that joins the folders.

Each command of the command line is one function here, for build scripts to call the same way.
"""

from edgepack.pipeline.compile import CompileSpec, compile_model
from edgepack.pipeline.demo import demo
from edgepack.pipeline.device import (
    DeviceSpec,
    Progress,
    bench,
    build_model,
    flash_model,
    infer,
    profile,
    verify,
)
from edgepack.pipeline.evidence import compare_recipes, compress
from edgepack.pipeline.fidelity import compare_layers
from edgepack.pipeline.image_map import inspect_image
from edgepack.pipeline.inspection import check_model, inspect_model
from edgepack.pipeline.keras import (
    cluster_model,
    convert_model,
    fine_tune_model,
    prune_model,
    quantize_model,
    train_quantized_model,
)
from edgepack.pipeline.lab import lab
from edgepack.pipeline.lab_layers import LayerSpec
from edgepack.pipeline.machine import diagnose, list_operators, list_ports
from edgepack.pipeline.source import generate_c
from edgepack.pipeline.whole import compare, run, run_config

__all__ = [
    "CompileSpec",
    "DeviceSpec",
    "LayerSpec",
    "Progress",
    "bench",
    "build_model",
    "check_model",
    "cluster_model",
    "compare",
    "compare_layers",
    "compare_recipes",
    "compile_model",
    "compress",
    "convert_model",
    "demo",
    "diagnose",
    "fine_tune_model",
    "flash_model",
    "generate_c",
    "infer",
    "inspect_image",
    "inspect_model",
    "lab",
    "list_operators",
    "list_ports",
    "profile",
    "prune_model",
    "quantize_model",
    "run",
    "run_config",
    "train_quantized_model",
    "verify",
]
