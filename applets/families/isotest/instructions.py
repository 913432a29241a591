"""The ISO test card answers to every command of the kernel."""

from bifente.applets.commands import binary, cardholder, channels, dataobjects, selection
from bifente.applets.commands.recordwise import append, read, update
from bifente.applets.kernel.instruction import table
from bifente.layouts.cards.isotest import LAYOUT

INSTRUCTIONS = table(
    (
        selection.instruction(LAYOUT.select_answers),
        channels.MANAGE_CHANNEL,
        binary.READ_BINARY,
        binary.UPDATE_BINARY,
        read.READ_RECORD,
        update.UPDATE_RECORD,
        append.APPEND_RECORD,
        dataobjects.GET_DATA,
        cardholder.VERIFY,
        cardholder.CHANGE_REFERENCE_DATA,
        cardholder.RESET_RETRY_COUNTER,
    )
)
