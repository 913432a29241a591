"""Real readers: the card in the PC/SC reader that a name, a part of one or a number means."""

from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.reader.pyscard.relay import RelayCard


def relayed(wanted: str) -> "RelayCard":
    """The card in that reader, not powered. Raises WorkbenchError without pyscard, ReaderError, LinkError."""
    from bifente.reader.pyscard.relay import RelayCard

    return RelayCard(reader_called(wanted))


def reader_called(wanted: str) -> str:
    """The whole name of that reader. Raises WorkbenchError without pyscard, ReaderError, LinkError."""
    from bifente.reader.pyscard import relay

    try:
        return relay.reader_called(wanted)
    except ImportError as error:
        raise WorkbenchError(str(error), "usage") from None
