"""The carte Vitale 2: its instructions on its layout. It has no PIN; VERIFY only logs out."""

from bifente.applets.commands import (
    authentication,
    binary,
    cardholder,
    dataobjects,
    environment,
    operations,
    refreshing,
    selection,
)
from bifente.applets.kernel.instruction import table
from bifente.layouts.cards.vitale2 import LAYOUT, UPDATE_RULE, UPDATED

INSTRUCTIONS = table(
    (
        selection.instruction(LAYOUT.select_answers),
        binary.READ_BINARY,
        binary.UPDATE_BINARY,
        dataobjects.GET_DATA,
        refreshing.instruction(UPDATE_RULE, UPDATED),
        cardholder.VERIFY,
        authentication.GET_CHALLENGE,
        authentication.INTERNAL_AUTHENTICATE,
        authentication.EXTERNAL_AUTHENTICATE,
        environment.MANAGE_SECURITY_ENVIRONMENT,
        operations.PERFORM_SECURITY_OPERATION,
    )
)
