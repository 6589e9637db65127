import struct

import pytest

from edgepack.compiler.flatbuffer import Source, Table, root
from edgepack.errors import ModelError


def table_file(fields: bytes, *starts: int) -> bytes:
    """A file of one root table: root offset, vtable, table, its fields at `starts`."""
    vtable = struct.pack(f"<{2 + len(starts)}H", 4 + 2 * len(starts), 4 + len(fields), *starts)
    vtable += bytes(-len(vtable) % 4)
    return struct.pack("<I", 4 + len(vtable)) + vtable + struct.pack("<i", len(vtable)) + fields


def read(data: bytes) -> Table:
    return root(Source(data, "m"))


def test_scalars_and_their_defaults():
    table = read(table_file(struct.pack("<iBbxxf", -7, 200, -3, 0.5), 4, 8, 9, 12))
    assert table.scalar(0, "int32", "a") == -7
    assert table.scalar(1, "uint8", "b") == 200
    assert table.scalar(2, "int8", "c") == -3
    assert table.scalar(3, "float32", "d") == 0.5
    assert table.integer(4, "int32", "absent", 11) == 11


def test_a_field_of_which_the_table_has_only_a_part_is_refused():
    table = read(table_file(b"\1\2", 4))
    with pytest.raises(ModelError, match="model, a: field at 4 lies outside its table of 6"):
        table.integer(0, "int32", "a")


def test_a_field_over_the_table_s_own_offset_is_refused():
    with pytest.raises(ModelError, match="field at 2 lies outside"):
        read(table_file(b"\1\2\3\4", 2)).integer(0, "int32", "a")


def test_a_vector_of_numbers():
    fields = struct.pack("<II3i", 4, 3, 1, -2, 3)
    assert read(table_file(fields, 4)).integers(0, "int32", "v") == (1, -2, 3)


def test_a_vector_longer_than_the_file_is_refused_before_it_is_read():
    fields = struct.pack("<II", 4, 2**32 - 1)
    with pytest.raises(ModelError, match="lie outside the file; the file has 24 bytes"):
        read(table_file(fields, 4)).integers(0, "int32", "v")


def test_a_string_is_cut_between_characters():
    table = read(table_file(struct.pack("<II", 4, 4) + "abé".encode() + b"\0", 4))
    assert table.string(0, "s") == "abé"
    assert table.string(0, "s", limit=3) == "ab"


@pytest.mark.parametrize(
    ("text", "words"),
    [(b"ab\xff\xfe\0", "the text is not UTF-8"), (b"abcde", "the text does not end where it says")],
)
def test_a_string_that_is_broken_is_refused(text, words):
    with pytest.raises(ModelError, match=f"model, s: {words}"):
        read(table_file(struct.pack("<II", 4, 4) + text, 4)).string(0, "s")


def test_a_number_out_of_line_is_refused():
    with pytest.raises(ModelError, match="is not at a multiple of 4"):
        read(table_file(bytes(8), 6)).integer(0, "int32", "a")


def test_the_full_text_of_a_refusal():
    with pytest.raises(ModelError) as caught:
        read(struct.pack("<I", 64) + b"TFL3")
    assert str(caught.value) == (
        "m: model: bytes 64 to 68 lie outside the file; the file has 8 bytes. "
        "It is damaged or cut short: download or convert it again."
    )


def test_tables_that_share_one_vector_without_end_are_refused():
    """The work is bounded by the file's size, not by what its offsets multiply it to."""
    payload = struct.pack("<I", 40_000) + bytes(160_000)
    table = read(table_file(struct.pack("<I", 4), 4) + payload)
    with pytest.raises(ModelError, match="more numbers, text or data"):
        for _ in range(1000):
            table.integers(0, "int32", "v")
