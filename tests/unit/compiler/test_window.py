from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgepack.compiler.operators.window import Window, overlap_lead


def window(h: int, w: int, c: int, kernel: int, stride: int, dilation: int, pad: int) -> Window:
    reach = (kernel - 1) * dilation + 1
    out = [(n + 2 * pad - reach) // stride + 1 for n in (h, w)]
    sides = (kernel, kernel, stride, stride, dilation, dilation, pad, pad)
    return Window(2, h, w, c, *out, *sides)


def touched(win: Window) -> list[set[int]]:
    """The elements under each window, by the definition."""
    result = []
    for b in range(win.batches):
        for i in range(win.out_h):
            for j in range(win.out_w):
                rows = [
                    i * win.stride_h - win.pad_top + k * win.dilation_h for k in range(win.kernel_h)
                ]
                columns = [
                    j * win.stride_w - win.pad_left + k * win.dilation_w
                    for k in range(win.kernel_w)
                ]
                result.append(
                    {
                        (((b * win.in_h + y) * win.in_w + x) * win.in_c) + c
                        for y in rows
                        for x in columns
                        for c in range(win.in_c)
                        if 0 <= y < win.in_h and 0 <= x < win.in_w
                    }
                )
    return result


WINDOWS = st.builds(
    window,
    st.integers(5, 8),
    st.integers(5, 8),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(0, 2),
)


@settings(max_examples=60, deadline=None)
@given(WINDOWS)
def test_first_elements(win: Window) -> None:
    expected = touched(win)
    first = win.first_elements()
    for taps, at in zip(expected, first, strict=True):
        assert not taps or min(taps) == at
    leaves = any(len(taps) < win.kernel_h * win.kernel_w * win.in_c for taps in expected)
    assert win.leaves_input == leaves


@settings(max_examples=60, deadline=None)
@given(WINDOWS)
def test_rows_written_over_rows_that_were_read(win: Window) -> None:
    win = dataclasses.replace(win, batches=1, in_c=1)
    taps = touched(win)
    lost = any(
        win.in_w * (i * win.stride_h - win.pad_top + win.kernel_h) <= tap < (i + 1) * win.out_w
        for i in range(win.out_h)
        for pixel in taps[(i + 1) * win.out_w :]
        for tap in pixel
    )
    assert not (win.reads_ahead and lost)


def test_a_window_that_adds_rows_above_does_not_read_ahead() -> None:
    shape = {"batches": 1, "in_h": 4, "in_w": 4, "in_c": 1, "kernel_h": 3, "kernel_w": 3}
    steps = {"stride_h": 1, "stride_w": 1, "dilation_h": 1, "dilation_w": 1}
    assert Window(**shape, **steps, out_h=4, out_w=4, pad_top=1, pad_left=1).reads_ahead
    assert not Window(**shape, **steps, out_h=6, out_w=6, pad_top=2, pad_left=2).reads_ahead


@settings(max_examples=60, deadline=None)
@given(WINDOWS, st.integers(1, 4), st.integers(1, 2))
def test_the_lead_is_safe_and_no_larger(win: Window, channels: int, group: int) -> None:
    taps = touched(win)
    lead = overlap_lead(win.first_elements(), channels, group, in_step=False)
    starts = set(range(0, len(taps), group))

    def collides(shift: int) -> bool:
        """Whether an output that starts `shift` before the input hits what is still needed."""
        for start in sorted(starts - {0}):
            needed = set().union(*taps[start:])
            if needed and start * channels - shift > min(needed):
                return True
        return False

    assert not collides(lead)
    assert lead == 0 or collides(lead - 1)


@pytest.mark.parametrize(
    ("first", "pixel", "group", "in_step", "lead"),
    [
        ([0, 4, 8, 12], 4, 1, False, 0),  # pointwise, as many channels
        ([0, 4, 8, 12], 2, 1, False, 0),
        ([0, 4, 8, 12], 8, 1, False, 12),
        ([0, 4, 8, 12], 4, 2, True, 4),  # two pixels side by side, channel by channel
        ([0, 0, 4, 8], 4, 1, True, 4),
    ],
)
def test_leads(first: list[int], pixel: int, group: int, in_step: bool, lead: int) -> None:
    assert overlap_lead(np.array(first), pixel, group, in_step=in_step) == lead
