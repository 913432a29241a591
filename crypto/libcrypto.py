"""The compression functions of the OpenSSL library that ``hashlib`` itself is linked with, where it can be reached.

``hashlib`` does not show the state of a digest; the library behind it does, by the low-level functions that OpenSSL has
had since its first release (SHA256_Init(3), deprecated since 3.0 and there in every 3.x that was not built without
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
    functions = _functions({"sha1": "SHA1", "sha256": "SHA256"}[name])
    if functions is None:
        return None
    init, update = functions
    chain_form = struct.Struct(f"={len(initial)}I")

    def compress(chain: tuple[int, ...], blocks: bytes) -> tuple[int, ...]:
        context = ctypes.create_string_buffer(_CONTEXT_SIZE)
        init(context)
        chain_form.pack_into(context, 0, *chain)
        update(context, blocks, len(blocks))
        return chain_form.unpack_from(context, 0)

    return compress if _agrees(compress, name, initial) else None


def _functions(prefix: str) -> tuple[Callable[..., object], Callable[..., object]] | None:
    try:
        import _hashlib

        library = ctypes.CDLL(_hashlib.__file__)  # its dependencies are searched as well
        init, update = library[f"{prefix}_Init"], library[f"{prefix}_Update"]
    except (ImportError, OSError, AttributeError):
        return None
    init.argtypes, init.restype = [ctypes.c_char_p], ctypes.c_int
    update.argtypes, update.restype = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t], ctypes.c_int
    return init, update


def _agrees(compress: Compress, name: str, initial: tuple[int, ...]) -> bool:
    """Two blocks, in one and in two steps, the padded message ``abc`` and more: the words are where we think."""
    first = b"abc".ljust(64, b"\xa5")
    padding = b"\x80" + bytes(55) + (8 * 64).to_bytes(8, "big")
    digest = struct.pack(f">{len(initial)}L", *compress(compress(initial, first), padding))
    return digest == hashlib.new(name, first).digest() and compress(initial, first + padding) == compress(
        compress(initial, first), padding
    )
