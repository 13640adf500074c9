"""How kernels are compiled, and the steps they share. Importing this imports numba.

A kernel is a function over the buffers of a text column (offsets and UTF-8 bytes) that numba
compiles once a machine. It writes into arrays that it is given and counts in integers; whatever is
a ratio is divided by NumPy afterwards.
"""

# Whole numbers here are numba's, which mypy does not tell from Python's.
# mypy: disable-error-code="arg-type,assignment,no-any-return,operator,return-value"
# mypy: disallow-untyped-decorators=False
from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., Any])

# Arrays that are read, and arrays that are written.
INTS, BYTES, BITS, HASHES = (
    types.Array(kind, 1, "C", readonly=True)
    for kind in (types.int64, types.uint8, types.uint32, types.uint64)
)
INTS_OUT, BYTES_OUT, BITS_OUT, HASHES_OUT = (
    types.Array(kind, 1, "C") for kind in (types.int64, types.uint8, types.uint32, types.uint64)
)
TABLE_OUT = types.Array(types.int64, 2, "C")
INT, FLAG = types.int64, types.boolean

_FOLDER = Path(__file__).parent
_ODD = np.uint64(0x9E3779B97F4A7C15)
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)

# Kernels allocate nothing, so references to their arrays need no counting; counting them at every
# call of a step took two thirds of the time.
_OPTIONS = {"nogil": True, "_nrt": False}
_compile: Any = njit
_instruction: Any = intrinsic


@cache
def _sources() -> int:
    """A checksum of all files that kernels are made of."""
    others = [_FOLDER / f"{name}.py" for name in ("characters", "c4", "hashing")]
    files = [*sorted(_FOLDER.glob("kernels*.py")), *others]
    return zlib.crc32(b"".join(file.read_bytes() for file in files))


def kernel(*arguments: types.Type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function for these arguments, or load it as it was compiled before."""

    def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
        # numba keeps a kernel under its name for as long as its own file stays the same; it does
        # not look at the files that its steps come from.
        function.__qualname__ = f"{function.__qualname__}_{_sources():08x}"
        try:
            return _compile(arguments, cache=True, **_OPTIONS)(function)
        except RuntimeError:  # no folder to keep it in is writable: compile it for this process
            return _compile(arguments, **_OPTIONS)(function)

    return compiled


def step(function: Function) -> Function:
    """A function that kernels take in whole, which is fast and takes long to compile."""
    return _compile(inline="always", **_OPTIONS)(function)


def detour(function: Function) -> Function:
    """A function that kernels call, for what is rare."""
    return _compile(**_OPTIONS)(function)


@_instruction
def _eight(_: Any, data: Any, __: Any) -> Any:
    """The eight bytes from `at`, which NumPy would read at multiples of eight only."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, values[0])
        place = builder.gep(array.data, [values[1]])
        return builder.load(builder.bitcast(place, ir.IntType(64).as_pointer()), align=1)

    return types.uint64(data, types.int64), generate


@step
def eight(data: Any, at: int, size: int) -> Any:
    """Up to eight bytes as one number, the first lowest."""
    if at + 8 <= data.size:
        return _eight(data, at) & (_ALL >> np.uint64(64 - 8 * size))
    found = np.uint64(0)
    for place in range(size):
        found |= np.uint64(data[at + place]) << np.uint64(8 * place)
    return found


@step
def mix(one: Any, other: Any) -> Any:
    """Two 64-bit hashes as one; their order matters."""
    found = (one << np.uint64(23) | one >> np.uint64(41)) ^ other
    found *= _ODD
    return found ^ (found >> np.uint64(32))


@step
def absorb(state: Any, value: Any) -> Any:
    """A hash that has taken in one more value, as `absorb` in `shingles.py` says."""
    state = (state ^ value) * _ODD
    return state ^ (state >> np.uint64(32))


@step
def digest(data: Any, start: int, stop: int) -> Any:
    """A 64-bit hash of some bytes."""
    found = np.uint64(stop - start)
    while stop - start > 8:
        found = mix(found, _eight(data, start))
        start += 8
    return mix(found, eight(data, start, stop - start))


@step
def seen(flags: Any, start: int, stop: int) -> int:
    """All bits that some bytes have, at least one byte."""
    found = np.uint64(0)
    while stop - start > 8:
        found |= _eight(flags, start)
        start += 8
    found |= eight(flags, start, stop - start)
    found |= found >> np.uint64(32)
    found |= found >> np.uint64(16)
    found |= found >> np.uint64(8)
    return np.int64(found & np.uint64(0xFF))


@step
def decode(data: Any, at: int) -> tuple[int, int]:
    """The code point at a place of valid UTF-8, and how many bytes it takes."""
    first = np.int64(data[at])
    if first < 0x80:
        return first, 1
    second = np.int64(data[at + 1]) & 0x3F
    if first < 0xE0:
        return (first & 0x1F) << 6 | second, 2
    third = np.int64(data[at + 2]) & 0x3F
    if first < 0xF0:
        return (first & 0x0F) << 12 | second << 6 | third, 3
    fourth = np.int64(data[at + 3]) & 0x3F
    return (first & 0x07) << 18 | second << 12 | third << 6 | fourth, 4


@step
def before(data: Any, at: int) -> int:
    """Where the character that ends at a place begins."""
    at -= 1
    while data[at] & 0xC0 == 0x80:
        at -= 1
    return at
