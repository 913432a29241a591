"""The CPS3: its instructions on its layout."""

from bifente.applets.commands import (
    authentication,
    binary,
    cardholder,
    dataobjects,
    mothers,
    operations,
    selection,
)
from bifente.applets.kernel.instruction import table
from bifente.layouts.cards.cps3 import LAYOUT

INSTRUCTIONS = table(
    (
        selection.instruction(LAYOUT.select_answers, LAYOUT.applets),
        binary.READ_BINARY,
        binary.UPDATE_BINARY,
        dataobjects.GET_DATA,
        cardholder.VERIFY,
        cardholder.CHANGE_REFERENCE_DATA,
        cardholder.RESET_RETRY_COUNTER,
        authentication.GET_CHALLENGE,
        mothers.INTERNAL_AUTHENTICATE,
        mothers.EXTERNAL_AUTHENTICATE,
        mothers.MANAGE_SECURITY_ENVIRONMENT,
        operations.PERFORM_SECURITY_OPERATION,
    )
)
