"""Names that are safe in C."""

from __future__ import annotations

import re

_WORDS = """
alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl const
constexpr const_cast continue decltype default delete do double dynamic_cast else enum explicit
export extern false float for friend goto if inline int long mutable namespace new noexcept not
not_eq nullptr operator or or_eq private protected public register reinterpret_cast restrict
return short signed sizeof static static_assert static_cast struct switch template this
thread_local throw true try typedef typeid typename typeof union unsigned using virtual void
volatile wchar_t while xor xor_eq main errno assert complex ctype fenv inttypes iso646 limits
locale math setjmp signal stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn
string tgmath threads time uchar wchar NULL
"""
C_WORDS = frozenset(_WORDS.split())  # keywords of C and C++, and names of standard headers


def identifier(name: str) -> str:
    """A C and C++ identifier, also a file's stem, made from any text; at most 40 characters."""
    stem = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")[:40].rstrip("_")
    if not stem:
        return "model"
    if stem[0].isdigit() or stem.lower().startswith("ep_"):
        stem = f"model_{stem}"
    return f"{stem}_model" if stem in C_WORDS else stem
