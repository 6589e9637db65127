"""A lowered model: kernel calls with their constants, and where each tensor lives in RAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edgepack.graph import DType, Graph

Role = Literal["weights", "tables"]
Isa = Literal["dsp", "mve", "fpu", "rv32m", "thumb1", "thumb2"]
Level = Literal["size", "balanced", "speed"]
Control = Literal["", "if", "else", "while", "test", "end"]
FieldValue = int | float | tuple[int, ...] | tuple[float, ...]


@dataclass(frozen=True, slots=True)
class TensorRef:
    """A kernel argument: a pointer to a tensor (in RAM, or in flash if it is a constant)."""

    tensor: int


@dataclass(frozen=True, slots=True)
class Const:
    """A kernel argument: a pointer to a constant array that lowering made.

    `weights` counts weights and biases, `tables` everything else (multipliers, look-up tables).
    Two of the same ctype and data become one array in C.
    """

    stem: str  # "weights", "bias", "multipliers"; the generator prefixes the operator
    ctype: str  # "int8_t", "int16_t", "int32_t", "uint8_t", "uint32_t", "float"
    data: bytes  # little-endian
    role: Role
    tables: int = 0  # bytes of a stream of weights that are tables, or that packing adds

    def bytes_of(self, role: Role) -> int:
        """How many of its bytes count as that."""
        rest = len(self.data) - self.tables
        return (self.tables if role == "tables" else 0) + (rest if role == self.role else 0)


@dataclass(frozen=True, slots=True)
class Params:
    """A kernel argument: a pointer to a constant struct, its fields in declaration order."""

    ctype: str  # "ep_conv_2d_t"
    fields: tuple[tuple[str, FieldValue], ...]


@dataclass(frozen=True, slots=True)
class Scratch:
    """A kernel argument: a pointer to RAM that is the kernel's own during the call."""

    bytes: int


@dataclass(frozen=True, slots=True)
class Loaded(Scratch):
    """A kernel argument: a pointer to a constant that the application reads into the arena."""

    const: Const
    offset: int  # in the file of weights
    ahead: bool  # read while the step in front runs


@dataclass(frozen=True, slots=True)
class Kept:
    """A kernel argument: a pointer to RAM that is the kernel's own from one inference to the next.

    A row gives it; lowering makes a tensor of it that keeps its contents.
    """

    dtype: DType
    first: bytes  # its first contents


@dataclass(frozen=True, slots=True)
class Scalar:
    """A kernel argument passed by value, printed as a C literal of that type."""

    ctype: str
    value: int | float


Argument = TensorRef | Const | Params | Scratch | Kept | Scalar | None  # None prints NULL


@dataclass(frozen=True, slots=True)
class Overlap:
    """Leave to place `output` over `input`: allowed where out_offset + lead_bytes <= in_offset.

    A kernel that reads its input and writes its output in rising address order states how far
    its writes run ahead of the input it still needs. 0 is in place. With `exact`, the two must be
    equal: a kernel that goes through the channels one by one works in place and nowhere near it.
    """

    input: int
    output: int
    lead_bytes: int = 0
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Unpacking:
    """Weights of few bits that become a kernel's bytes in RAM just before it is called.

    The step's last two arguments are what unpacks: its Params, and the packed weights.
    """

    kernel: str  # the C function of ep_unpack.h
    place: int  # of the arguments, the Scratch that takes the bytes
    weights: int  # how many


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a kernel, or a line of control flow.

    "if" and "test" (leave the loop unless) have their condition as the one argument; "end" closes
    an "if" or a "while". What a loop carries from turn to turn is in its "end"'s inputs.
    """

    operator: int  # Operator.index, for comments, profiles and messages
    kernel: str  # the C function
    source: str  # its file's stem: "ep_conv_2d" means ep_conv_2d.h and <variant>/ep_conv_2d.c
    arguments: tuple[Argument, ...]
    inputs: tuple[int, ...]  # tensors in RAM that it reads
    outputs: tuple[int, ...]  # tensors it writes
    overlaps: tuple[Overlap, ...] = ()
    variant: str = "portable"
    macs: int = 0
    control: Control = ""
    work: int | None = None  # of the MACs, those that the kernel does; None: all of them
    unpacks: Unpacking | None = None

    @property
    def kernels(self) -> tuple[str, ...]:
        """The C functions that are called, in their order."""
        return (self.unpacks.kernel, self.kernel) if self.unpacks else (self.kernel,)


@dataclass(frozen=True, slots=True)
class Alias:
    """`output` is the same bytes as `input` from `offset_bytes` on (reshape, squeeze)."""

    input: int
    output: int
    offset_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Lowered:
    """What one operator becomes: `steps`, or instead of them any one of `offers`."""

    steps: tuple[Step, ...] = ()
    aliases: tuple[Alias, ...] = ()
    offers: tuple[Step, ...] = ()  # other kernels that give the same bits, the best first
    refusals: tuple[str, ...] = ()  # "dsp: a sum may reach 2^23": why there are no more

    @property
    def ways(self) -> tuple[tuple[Step, ...], ...]:
        """All that it may become: `steps` first."""
        return (self.steps, *((offer,) for offer in self.offers))


@dataclass(frozen=True, slots=True)
class LowerSpec:
    """What lowering may know besides the operator."""

    isa: frozenset[Isa] = frozenset()
    numerics: Literal["litert", "tflm"] = "litert"
    optimize: Level = "balanced"
    levels: tuple[tuple[int, Level], ...] = ()  # of operators that have one of their own

    def level(self, operator: int) -> Level:
        """The level of the operator of that index."""
        return dict(self.levels).get(operator, self.optimize)


@dataclass(frozen=True, slots=True)
class Cost:
    """What kernel calls are predicted to take; cycles are 0 where the core has no table."""

    instructions: float = 0.0
    cycles: float = 0.0


@dataclass(frozen=True, slots=True)
class Choice:
    """Why an operator runs by the kernels it has."""

    operator: int
    level: Level
    cost: Cost | None  # None where a kernel was never measured
    why: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of a streamed input, which have come just before a step."""

    tensor: int
    first: int  # row
    rows: int
    step: int = 0


@dataclass(frozen=True, slots=True)
class Stream:
    """An input that comes row by row; of its rows, those of `chunks` are needed."""

    tensor: int
    row_bytes: int
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Patching:
    """The operators from place `start` up to `end` run once for each of some patches of rows.

    Rows that two patches need are kept from one to the next, or made again.
    """

    start: int
    end: int
    patches: int
    halo: Literal["keep", "again"] = "keep"
    extra_macs: int = 0  # of an inference, for what is made again
    first: int = 0  # the first operator's index
    last: int = 0


@dataclass(frozen=True, slots=True)
class Program:
    """The whole model as kernel calls."""

    graph: Graph
    steps: tuple[Step, ...]
    aliases: tuple[Alias, ...]
    spec: LowerSpec
    choices: tuple[Choice, ...] = ()  # one an operator, where they were made by cost
    files: tuple[tuple[str, bytes], ...] = ()  # C that the user brings, by name
    patching: Patching | None = None
    stream: Stream | None = None
    external: bytes = b""  # the file of weights that the application reads

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(step.macs for step in self.steps)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a buffer lies in the arena, and during which steps (both ends included)."""

    tensor: int  # the tensor, or ABSENT for scratch
    step: int  # the step whose scratch it is, else the first step that needs it
    offset: int
    bytes: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Offsets of every tensor and scratch in one block; aliases are resolved.

    The block is the arena, and behind it the tensors that keep their contents between inferences.
    """

    arena_bytes: int
    placements: tuple[Placement, ...]
    offsets: tuple[tuple[int, int], ...]  # (tensor, offset), aliases included
    peak_step: int  # the step during which the most bytes are live
    alignment: int = 16
    lower_bound: int = 0  # bytes that no arena of the program goes below, where it is known
    state_bytes: int = 0  # behind the arena

    @property
    def block_bytes(self) -> int:
        """Bytes of the whole block: arena and state."""
        return self.arena_bytes + self.state_bytes

    def offset(self, tensor: int) -> int:
        """The offset of a tensor in the block, in bytes."""
        return dict(self.offsets)[tensor]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of a model lie, by the names of the board's memory regions."""

    arena: str = "ram"
    constants: tuple[tuple[str, str], ...] = ()  # symbols that lie elsewhere than in "flash"
    hot: str = ""  # the region that hot kernels run from; "": they run where they lie
    kernels: tuple[str, ...] = ()  # stems of the files of those
    external: str = "flash"  # where a device keeps the file of weights that it is tested with


@dataclass(frozen=True, slots=True)
class Firmware:
    """A linked image on disk."""

    elf: str  # path
    sha256: str  # of the ELF
    identity: str  # compiled in and told at the handshake: digest of sources, flags, compiler
    compiler: str  # "arm-none-eabi-gcc 12.2.1" or "zig 0.17.1 (clang 21.1.0)"
    flags: str  # as passed, without paths
    hook: bool  # built with EP_HOOK=1, so that it can profile and dump tensors


@dataclass(frozen=True, slots=True)
class Port:
    """A serial line to a running board."""

    path: str
    baud: int
    emulator: str  # "qemu-system-arm 7.2", "unicorn 2.1.4", "native process", "" for hardware
