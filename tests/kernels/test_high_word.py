"""The high word of a product without a long multiply, as cores of ARMv6-M take it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from edgepack.resources import folder
from tests.kernels.harness import WARNINGS, compiler, sanitizers

PROGRAM = """
#define __ARM_ARCH_6M__ 1
#include "ep_rescale.h"
#include <stdio.h>
static const int32_t ends[] = {INT32_MIN, INT32_MIN + 1, -65537, -65536, -65535, -32768, -1, 0, 1,
                               32767, 32768, 65535, 65536, 65537, INT32_MAX - 1, INT32_MAX};
#define COUNT (int)(sizeof ends / sizeof ends[0])
static int wrong(int32_t a, int32_t b)
{
    return ep_high_word(a, b) != (int32_t)(((int64_t)a * b) >> 32);
}
int main(void)
{
    int failures = 0;
    uint32_t seed = 1;
    for (int i = 0; i < COUNT; i++) {
        for (int j = 0; j < COUNT; j++) {
            failures += (ends[j] >= 0) ? wrong(ends[i], ends[j]) : 0;
        }
    }
    for (int i = 0; i < 300000; i++) {
        seed = seed * 1664525u + 1013904223u;
        const int32_t a = (int32_t)seed;
        seed = seed * 1664525u + 1013904223u;
        failures += wrong(a >> (i % 31), (int32_t)(seed >> 1));
    }
    printf("%d\\n", failures);
    return 0;
}
"""


def test_high_word(tmp_path: Path) -> None:
    source, binary = tmp_path / "main.c", tmp_path / "main"
    source.write_text(PROGRAM)
    include = f"-I{folder('firmware_templates') / 'runtime'}"
    flags = [flag for flag in WARNINGS if flag != "-pedantic"]
    command = [*compiler(), *flags, *sanitizers(), "-O2", include, str(source), "-o", str(binary)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    done = subprocess.run([binary], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "0"), done.stderr
