"""Outcomes to print, small and with everything that must be escaped."""

from __future__ import annotations

from edgepack.results import (
    Accuracy,
    Agreement,
    BenchResult,
    BoardFacts,
    Confusion,
    Flash,
    Gate,
    Harness,
    Latency,
    Memory,
    ModelFacts,
    Outcome,
    PlanRow,
    Provenance,
    Ram,
    StepProfile,
)

NASTY = "<script>alert('x')</script>|&"


def result(name: str = "kws", exact: bool = True, latency: bool = True) -> BenchResult:
    counts = (Latency("emulated", "instructions", 10, 1e6, 1e6, 1e6, 1e6, 999_990, 1_000_020),)
    return BenchResult(
        model=ModelFacts(name, "ab" * 32, 2_656_768, 2_656_768),
        board=BoardFacts("mps2-an386", "cortex-m4", 25_000_000, "emulated"),
        latency=counts if latency else (),
        memory=Memory(
            "emulated", Flash(33_440, 24_368, 3_584, 5_488), Ram(10_256, 9_856, 502, 0, 400, 0)
        ),
        harness=Harness(3_900, 700),
        accuracy=Accuracy("emulated", "accuracy", 0.9, 10, 0.9),
        agreement=Agreement(
            "LiteRT 2.3.0 BUILTIN_REF", exact, None, 10, None, "" if exact else "sample 3"
        ),
        provenance=Provenance(
            "cd" * 32, "ab" * 32, "arm-none-eabi-gcc 12.2.1", "-O2", "portable", "qemu 7.2"
        ),
        profile=tuple(
            StepProfile(i, i, kind, f"ep_{i}", "1x25x5x64", 100 * i, 1000 * (i + 1))
            for i, kind in enumerate(("CONV_2D", "DEPTHWISE_CONV_2D", NASTY))
        ),
        plan=(
            PlanRow("input 0", 0, 490, 0, 0),
            PlanRow("op 0 CONV_2D", 512, 8_000, 0, 1),
            PlanRow(NASTY, 0, 500, 1, 2),
        ),
        confusion=Confusion(("yes", "no"), ((4, 1), (0, 5))),
    )


def outcome(exact: bool = True) -> Outcome:
    gates = (Gate("kws: answers", exact, NASTY),)
    return Outcome(
        f"kws {NASTY}", ("int8", "float32"), (result("kws", exact), result("kws_f")), gates
    )
