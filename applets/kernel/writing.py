"""What WRITE makes of old bytes and new ones, as the data coding byte of the file says (ISO/IEC 7816-4:2020 §7.4.8)."""

from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.files import File
from bifente.layouts.structures import WriteFunction


def write_function(file: File) -> WriteFunction:
    """That of *file*; one-time write where it does not say (§7.4.8, table 118)."""
    return file.node.structure.writes or WriteFunction.ONE_TIME


def written(clause: str, file: File, old: bytes, new: bytes) -> bytes:
    """The bytes that stand there after *new*, of the same number, came upon *old*.

    Raises CardError 6985 where only erased bytes can be written and these are not. A proprietary function is OR here
    (synthetic).
    """
    function = write_function(file)
    if function is WriteFunction.AND:
        return bytes(one & other for one, other in zip(old, new, strict=True))
    if function is WriteFunction.ONE_TIME and any(old):
        why = Why(clause, "{} can be written where it is erased, and there it is not", (file.path,))
        raise CardError(SW.CONDITIONS_OF_USE_NOT_SATISFIED, why)
    return bytes(one | other for one, other in zip(old, new, strict=True))


def erased(file: File, size: int) -> bytes:
    """*size* bytes in the logical erased state."""
    return bytes((write_function(file).erased,)) * size
