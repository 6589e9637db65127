from __future__ import annotations

import numpy as np
import pytest

from edgepack.device.verify import compare, compare_layer, differs, ulp_distance
from edgepack.errors import DeviceError

F = np.float32
NAN, INF = F(np.nan), F(np.inf)
TINY = np.nextafter(F(0), F(1))


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [
        (F(1), F(1), 0),
        (F(1), np.nextafter(F(1), F(2)), 1),
        (F(0), F(-0.0), 0),
        (TINY, -TINY, 2),
        (F(2) ** 23, F(2) ** 24, 2**23),
        (INF, np.finfo(F).max, 1),
        (NAN, NAN, 0),
        (NAN, F(1), 2**32),
        (INF, -INF, 2 * 0x7F800000),
    ],
)
def test_ulp_distance(a: np.float32, b: np.float32, distance: int) -> None:
    assert ulp_distance(np.array([a]), np.array([b]))[0] == distance
    assert ulp_distance(np.array([b]), np.array([a]))[0] == distance


def test_signed_zeros_differ_in_bits_only() -> None:
    zero, minus = np.array([F(0)]), np.array([F(-0.0)])
    assert differs(zero, minus)[0] and ulp_distance(zero, minus)[0] == 0
    assert not differs(np.array([NAN]), -np.array([NAN]))[0]


def test_equal_integers_agree() -> None:
    x = np.arange(-10, 10, dtype=np.int8).reshape(4, 5)
    agreement = compare([x.reshape(4, 5)], [x.reshape(4, 1, 5)], "oracle 1.0")
    assert agreement.bit_exact and agreement.holds and agreement.max_ulp is None
    assert (agreement.oracle, agreement.n, agreement.first_difference) == ("oracle 1.0", 4, "")


def test_one_wrong_integer_is_found() -> None:
    x = np.zeros((4, 5), np.int8)
    y = x.copy()
    y[2, 3] = 7
    agreement = compare([x, y], [x, x], "o", bound_ulp=None)
    assert not agreement.bit_exact and not agreement.holds
    assert agreement.first_difference == (
        "sample 2, output 1, element 3: device 7, oracle 0; 1 of 20 differ"
    )


def test_floats_hold_within_their_bound() -> None:
    x = np.ones((3, 2), F)
    y = np.nextafter(np.nextafter(x, F(2)), F(2))
    assert compare([y], [x], "o", bound_ulp=2).holds
    assert not compare([y], [x], "o", bound_ulp=1).holds
    assert compare([y], [x], "o", bound_ulp=1).max_ulp == 2


def test_other_sizes_and_types_are_refused() -> None:
    x = np.zeros((2, 3), np.int8)
    with pytest.raises(DeviceError, match="output 0: the device has 4 of int8, the oracle 6 of in"):
        compare([x[:, :2]], [x], "o")
    with pytest.raises(DeviceError, match="6 of uint8, the oracle 6 of int8"):
        compare([x.view(np.uint8)], [x], "o")


def test_layers() -> None:
    reference = np.array([[1, -2], [3, 4]], np.int8)
    same = compare_layer(3, "CONV_2D", "c", reference.tobytes(), reference)
    assert same.equal and same.differing == 0 and same.max_difference == 0
    assert (same.operator, same.kind, same.shape, same.max_ulp) == (3, "CONV_2D", (2, 2), None)
    other = compare_layer(3, "CONV_2D", "c", bytes([1, 0xFE, 3, 0x80]), reference)
    assert not other.equal and other.differing == 1 and other.max_difference == 132
    floats = np.array([1.0, NAN], F)
    layer = compare_layer(0, "ADD", "a", np.array([1.5, NAN], F).tobytes(), floats)
    assert layer.differing == 1 and layer.max_difference == 0.5 and layer.max_ulp == 2**22
    with pytest.raises(DeviceError, match="op 0 ADD: 4 bytes read of 'a', which has 8"):
        compare_layer(0, "ADD", "a", b"1234", floats)
