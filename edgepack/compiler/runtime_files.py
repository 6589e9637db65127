"""Which files of the C runtime a program needs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from edgepack.program import Program, Step
from edgepack.resources import folder, template_bytes

_ALWAYS = ("ep_version.h", "ep_model.h", "ep_affine.h")
UNPACKING = "ep_unpack"  # the stem of what a step may call before its kernel
_INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def runtime_files(program: Program, *, with_check: bool = False) -> dict[str, bytes]:
    """The files that the program calls, by name, with all that they include: the user's own
    and the runtime's.

    `with_check` adds what a self-test needs.
    """
    variants: dict[str, str] = {}
    for step in program.steps:
        if step.control:
            continue
        if step.unpacks is not None:
            variants[UNPACKING] = "portable"
        chosen = variants.setdefault(step.source, step.variant)
        assert chosen == step.variant, f"{step.source}: variants {chosen} and {step.variant}"
    brought = dict(program.files)
    found: dict[str, bytes] = {}
    always = (*_ALWAYS, "ep_read.h") if program.external else _ALWAYS
    queue = [(name, "") for name in (*always, *(["ep_check.h"] if with_check else []))]
    queue += [(f"{source}.h", variant) for source, variant in sorted(variants.items())]
    while queue:
        name, variant = queue.pop()
        if name in found:
            continue
        found[name] = brought[name] if name in brought else runtime_file(name, variant)
        queue += [(include.decode(), variant) for include in _INCLUDE.findall(found[name])]
        if name.endswith(".h"):
            own = variants.get(name[:-2], variant)
            places = (f"{name[:-2]}.S", f"{name[:-2]}.c")  # assembly's portable twin stays away
            there = [place for place in places if place in brought or _place(place, own)]
            queue += [(sibling, own) for sibling in there][:1]
    return dict(sorted(found.items()))


def sources_of(step: Step) -> tuple[str, ...]:
    """The stems of the headers of what a step calls."""
    return (UNPACKING, step.source) if step.unpacks is not None else (step.source,)


def _place(name: str, variant: str) -> str | None:
    places = [f"{part}{name}" for part in (f"{variant}/" if variant else "", "", "portable/")]
    runtime = folder("firmware_templates") / "runtime"
    return next((place for place in places if (runtime / place).is_file()), None)


def runtime_file(name: str, variant: str = "") -> bytes:
    """A file of the runtime, the variant's own where there is one."""
    place = _place(name, variant)
    assert place is not None, f"runtime file {name} ({variant}) is missing"
    return template_bytes(f"runtime/{place}")


def code_files(files: Mapping[str, bytes], stems: Iterable[str]) -> tuple[str, ...]:
    """The C and assembly files, of those of a tree, whose functions these kernels run."""
    queue, seen = [f"{stem}.h" for stem in stems], set[str]()
    while queue:
        name = queue.pop()
        if name in seen or name not in files:
            continue
        seen.add(name)
        queue += [include.decode() for include in _INCLUDE.findall(files[name])]
        queue += [f"{name[:-2]}.S", f"{name[:-2]}.c"] if name.endswith(".h") else []
    return tuple(sorted(name for name in seen if name.endswith((".c", ".S"))))
