"""Gzip members whose bytes depend on nothing but their content."""

import struct
import zlib

# No time stamp and no operating system, unlike the header that zlib itself would write.
HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"


def gzip_member(data: bytes) -> bytes:
    """Return data as one gzip member."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
    body = deflate.compress(data) + deflate.flush()
    return HEADER + body + struct.pack("<II", zlib.crc32(data), len(data))


def with_lost_sector(member: bytes, size: int = 64) -> bytes:
    """Return a member with bytes in its middle set to zero, as a failing disk leaves it."""
    start = (len(member) - size) // 2
    return member[:start] + bytes(size) + member[start + size :]
