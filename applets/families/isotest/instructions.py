"""The ISO test card answers to every command of the kernel."""

from bifente.applets.commands import (
    authentication,
    binary,
    cardholder,
    channels,
    continuation,
    generation,
    operations,
    restoring,
    selection,
)
from bifente.applets.commands.bytewise import erase, odd, search, write
from bifente.applets.commands.lifecycle import activate, create, deactivate, delete, terminate
from bifente.applets.commands.objects import get, put, select
from bifente.applets.commands.recordwise import append, read, update
from bifente.applets.commands.recordwise import erase as record_erase
from bifente.applets.commands.recordwise import odd as record_odd
from bifente.applets.commands.recordwise import search as record_search
from bifente.applets.commands.recordwise import write as record_write
from bifente.applets.kernel.instruction import table
from bifente.layouts.cards.isotest import LAYOUT

INSTRUCTIONS = table(
    (
        selection.instruction(LAYOUT.select_answers),
        channels.MANAGE_CHANNEL,
        binary.READ_BINARY,
        binary.UPDATE_BINARY,
        odd.READ_BINARY_ODD,
        odd.UPDATE_BINARY_ODD,
        write.WRITE_BINARY,
        write.WRITE_BINARY_ODD,
        erase.ERASE_BINARY,
        erase.ERASE_BINARY_ODD,
        search.SEARCH_BINARY,
        search.SEARCH_BINARY_ODD,
        read.READ_RECORD,
        update.UPDATE_RECORD,
        append.APPEND_RECORD,
        record_odd.READ_RECORD_ODD,
        record_odd.UPDATE_RECORD_ODD,
        record_write.WRITE_RECORD,
        record_erase.ERASE_RECORD,
        record_search.SEARCH_RECORD,
        create.CREATE_FILE,
        delete.DELETE_FILE,
        activate.ACTIVATE_FILE,
        deactivate.DEACTIVATE_FILE,
        terminate.TERMINATE_EF,
        terminate.TERMINATE_DF,
        terminate.TERMINATE_CARD_USAGE,
        get.GET_DATA_SIMPLE,
        get.GET_DATA_LIST,
        put.PUT_DATA_SIMPLE,
        put.PUT_DATA_LIST,
        select.SELECT_DATA,
        continuation.GET_RESPONSE,
        restoring.MANAGE_SECURITY_ENVIRONMENT,
        generation.GENERATE_KEY_PAIR,
        generation.GENERATE_KEY_PAIR_OBJECT,
        operations.PERFORM_SECURITY_OPERATION,
        authentication.GET_CHALLENGE,
        authentication.INTERNAL_AUTHENTICATE,
        cardholder.VERIFY,
        cardholder.CHANGE_REFERENCE_DATA,
        cardholder.RESET_RETRY_COUNTER,
    )
)
