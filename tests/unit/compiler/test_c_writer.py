import math
import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepack.compiler import c_writer as c


@given(st.text())
def test_identifiers_are_plain(text: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,41}", c.identifier(text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("conv1/Relu;bias:0", "conv1_relu_bias_0"),
        ("x*/ int evil(void){...} /*", "x_int_evil_void"),
        ("", "t"),
        ("7up", "t_7up"),
        ("ïé", "t"),
        ("a" * 60, "a" * 40),
    ],
)
def test_identifiers_of_names_seen(text: str, name: str) -> None:
    assert c.identifier(text) == name


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_float_literals_are_exact(value: float) -> None:
    text = c.float_literal(value)
    assert re.fullmatch(r"-?\d+(\.\d+)?(e[+-]\d+)?f", text)
    assert "." in text or "e" in text
    again = struct.unpack("<f", struct.pack("<f", float(text[:-1])))[0]
    assert struct.pack("<f", again) == struct.pack("<f", value)


def test_floats_that_are_no_numbers() -> None:
    assert c.float_literal(math.inf) == "__builtin_inff()"
    assert c.float_literal(-math.inf) == "-__builtin_inff()"
    assert c.float_literal(math.nan) == '__builtin_nanf("")'
    assert c.float_literal(-0.0) == "-0.0f"


@pytest.mark.parametrize(
    ("ctype", "value", "text"),
    [
        ("int8_t", -128, "-128"),
        ("int32_t", -(2**31), "INT32_MIN"),
        ("int32_t", 2**31 - 1, "2147483647"),
        ("uint32_t", 2**32 - 1, "4294967295U"),
        ("int64_t", -(2**63), "INT64_MIN"),
        ("int64_t", 5, "INT64_C(5)"),
        ("uint64_t", 5, "UINT64_C(5)"),
        ("bool", 1, "true"),
        ("float", 1, "1.0f"),
    ],
)
def test_literals(ctype: str, value: int, text: str) -> None:
    assert c.literal(ctype, value) == text


def test_fields() -> None:
    assert c.field_literal((1, -(2**31))) == "{1, INT32_MIN}"
    assert c.field_literal(2**31) == "2147483648U"
    assert c.field_literal(0.1) == "0.100000001f"


def test_twelve_values_a_line() -> None:
    lines = c.array_lines("int8_t", bytes(range(250, 256)) + bytes(range(8))).split("\n")
    assert lines == ["    -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5,", "    6, 7,"]


@pytest.mark.parametrize(
    ("ctype", "code", "values"),
    [
        ("int16_t", "h", (-32768, 32767)),
        ("int32_t", "i", (-(2**31), 7)),
        ("uint32_t", "I", (2**32 - 1, 0)),
        ("float", "f", (0.5, -1e30)),
    ],
)
def test_arrays_hold_their_values(ctype: str, code: str, values: tuple[float, ...]) -> None:
    data = struct.pack(f"<{len(values)}{code}", *values)
    assert c.element_count(ctype, data) == len(values)
    assert c.array_lines(ctype, data) == f"    {', '.join(c.literal(ctype, v) for v in values)},"


def test_calls_wrap_below_their_bracket() -> None:
    text = c.call("ep_some", ["a" * 40, "b" * 40, "c" * 20, "d"])
    assert text.split("\n") == [
        f"    ep_some({'a' * 40}, {'b' * 40},",
        f"            {'c' * 20}, d);",
    ]
    assert c.call("f", ["x" * 120]) == f"    f({'x' * 120});"


def test_three_hundred_kilobytes_are_quick() -> None:
    import time

    data = bytes(i * 7 % 256 for i in range(300_000))
    start = time.process_time()
    c.array_lines("int8_t", data)
    assert time.process_time() - start < 0.5
