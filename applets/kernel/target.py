"""The EF that a command means, and its new content: what the commands on files have in common."""

from typing import TYPE_CHECKING

from bifente.apdu.refusal import Why
from bifente.apdu.status import SW
from bifente.applets.kernel.errors import CardError
from bifente.applets.kernel.files import File, file_record
from bifente.applets.kernel.refusals import PART_4

if TYPE_CHECKING:
    from bifente.applets.kernel.card import SmartCard

_REFERENCES = f"{PART_4} §7.3.3"
_LIFE = "ISO/IEC 7816-9:2017 §7"


def target(card: "SmartCard", sfi: int) -> File:
    """The EF of a short identifier in the current DF; the current EF for 0. Raises CardError."""
    channel = card.channel
    file = channel.directory.by_sfi.get(sfi) if sfi else channel.file
    if file is None:
        if sfi:
            pattern = "no EF of {} has the short identifier {:02X}"
            raise CardError(SW.FILE_NOT_FOUND, Why(_REFERENCES, pattern, (channel.directory.path, sfi)))
        pattern = "no EF is selected in {}; SELECT clears the current one"
        raise CardError(SW.NO_CURRENT_EF, Why(_REFERENCES, pattern, (channel.directory.path,)))
    if file.closed:
        raise closed(file)
    return file


def closed(file: File) -> CardError:
    """6985: the file cannot be reached in this state of its life."""
    why = Why(_LIFE, "{}, or a directory around it, is deactivated or terminated", (file.path,))
    return CardError(SW.CONDITIONS_OF_USE_NOT_SATISFIED, why)


def rewrite(card: "SmartCard", file: File, content: bytes) -> None:
    """*file* holds *content* from now on; when this returns it is in the store."""
    card.persistent.commit({file_record(file.path): file.record_of(content)})
    file.replace(content)
