"""The compression functions of the OpenSSL library that ``hashlib`` itself is linked with, where it can be reached.

``hashlib`` does not show the state of a digest; the library behind it does, by the low-level functions that OpenSSL has
had since its first release (SHA256_Update(3), deprecated since 3.0 and there in every 3.x that was not built without
them). Where ``hashlib`` has no such library, or has it inside itself, nothing is found and the caller does the work.
"""

import ctypes
import hashlib
import struct
from collections.abc import Callable

Compress = Callable[[tuple[int, ...], bytes], tuple[int, ...]]
"""A chaining value and whole blocks of 64 bytes to the chaining value after them."""

_CONTEXT_SIZE = 256
"""More than SHA_CTX (96 bytes) and SHA256_CTX (112 bytes) take: words of the chain, bit count, data, number of bytes."""


def compression(name: str, initial: tuple[int, ...]) -> Compress | None:
    """The compression of ``sha1`` or ``sha256``, None where it cannot be had or does not agree with ``hashlib``."""
    update = _function({"sha1": "SHA1_Update", "sha256": "SHA256_Update"}[name])
    if update is None:
        return None
    chain_form = struct.Struct(f"={len(initial)}I")
    make, pack, unpack = ctypes.c_char * _CONTEXT_SIZE, chain_form.pack_into, chain_form.unpack_from

    def compress(chain: tuple[int, ...], blocks: bytes) -> tuple[int, ...]:
        context = make()  # of zeros: no bit counted, no byte waiting
        pack(context, 0, *chain)
        update(context, blocks, len(blocks))
        return unpack(context)

    return compress if _agrees(compress, name, initial) else None


def _function(name: str) -> Callable[..., object] | None:
    try:
        import _hashlib

        function = ctypes.CDLL(_hashlib.__file__)[name]  # what it is linked with is searched as well
    except (ImportError, OSError, AttributeError):
        return None
    function.argtypes, function.restype = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t], ctypes.c_int
    return function


def _agrees(compress: Compress, name: str, initial: tuple[int, ...]) -> bool:
    """Two blocks, in one and in two steps, the padded message ``abc`` and more: the words are where we think."""
    first = b"abc".ljust(64, b"\xa5")
    padding = b"\x80" + bytes(55) + (8 * 64).to_bytes(8, "big")
    digest = struct.pack(f">{len(initial)}L", *compress(compress(initial, first), padding))
    return digest == hashlib.new(name, first).digest() and compress(initial, first + padding) == compress(
        compress(initial, first), padding
    )
