"""Real readers on the command line: the card in the PC/SC reader that a name, a part of one or a number means."""

from typing import TYPE_CHECKING, Final

from bifente.cli.errors import CliError, ExitCode

if TYPE_CHECKING:
    from bifente.reader.relay import RelayCard

READER: Final = "The PC/SC reader that holds the card: its name, a part of it, or its number."


def relayed(wanted: str) -> "RelayCard":
    """The card in that reader, not powered. Raises CliError without pyscard, ReaderError, LinkError."""
    from bifente.reader.relay import RelayCard

    return RelayCard(reader_called(wanted))


def reader_called(wanted: str) -> str:
    """The whole name of that reader. Raises CliError without pyscard, ReaderError, LinkError."""
    from bifente.reader import relay

    try:
        return relay.reader_called(wanted)
    except ImportError as error:
        raise CliError(str(error), ExitCode.USAGE) from None
