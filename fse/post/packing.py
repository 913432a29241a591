"""How a part travels: compressed by zlib or gzip, as its description says, and unpacked within bounds."""

import gzip
import zlib
from typing import Final

from bifente.fse.post.errors import MailRefused, MailTooLarge
from bifente.fse.post.letter import LONGEST_PART, NOEMIE

_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP: Final = 31
"""What zlib calls a stream with gzip's header and checksum."""
_ZLIB: Final = 15


def packed(description: str, content: bytes) -> bytes:
    """The content as it travels; the same content gives the same bytes."""
    if _is_zlib(description):
        return zlib.compress(content)
    if description == NOEMIE:
        return gzip.compress(content, mtime=0)
    return content


def unpacked(description: str, content: bytes, limit: int = LONGEST_PART) -> bytes:
    """What was packed, at most *limit* bytes of it.

    ``…/Z`` is zlib (public); what is not and begins as gzip does is taken for that, whatever its description: those of
    returns are not public. Raises MailRefused, and MailTooLarge before more than *limit* bytes are made.
    """
    if _is_zlib(description):
        return _inflated(content, _ZLIB, limit, description)
    if content.startswith(_GZIP_MAGIC):
        return _inflated(content, _GZIP, limit, description)
    if len(content) > limit:
        raise MailTooLarge(f"the part {description!r} has more than {limit >> 20} MiB")
    return content


def _is_zlib(description: str) -> bool:
    return description.upper().endswith("/Z")


def _inflated(content: bytes, form: int, limit: int, description: str) -> bytes:
    reader = zlib.decompressobj(form)
    try:
        made = reader.decompress(content, limit + 1)
    except zlib.error:
        raise MailRefused(f"the part {description!r} cannot be decompressed") from None
    if len(made) > limit:
        raise MailTooLarge(f"the part {description!r} unpacks to more than {limit >> 20} MiB")
    if not reader.eof:
        raise MailRefused(f"the part {description!r} is cut short")
    if reader.unused_data:
        raise MailRefused(f"the part {description!r} has {len(reader.unused_data)} bytes behind its end")
    return made
