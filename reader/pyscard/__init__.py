"""The in-process reader for programs written against pyscard's object API, which then run unchanged.

``register(reader)`` makes ``smartcard.System.readers()`` list one pyscard reader per slot, before those of the
system's PC/SC; ``CardRequest``, ``CardMonitor`` and ``ReaderMonitor`` see them too. pyscard is imported here only
when it is needed, for it wants a C library; no PC/SC daemon has to run.
"""

from typing import TYPE_CHECKING

from bifente.reader.slots.twoslot import TwoSlotReader

if TYPE_CHECKING:
    from types import ModuleType

    from bifente.reader.pyscard.bridge import SlotReader

CURE = (
    "pyscard is not installed. On Debian and Ubuntu: apt install python3-pyscard; "
    "or: apt install gcc swig libpcsclite-dev python3-dev && pip install pyscard"
)


def register(reader: TwoSlotReader) -> "list[SlotReader]":
    """Let pyscard list *reader*; returns its pyscard readers, one per slot.

    While one is registered, a ``CardRequest`` that names no readers watches the registered ones only, and a system
    without a PC/SC service has no other readers rather than an error. Registering twice is allowed.

    Raises ReaderError when another reader of the same name is registered, ImportError without pyscard.
    """
    return list(_bridge().register(reader))


def unregister(reader: TwoSlotReader) -> None:
    """Take *reader* off pyscard's list; open connections stay open. Allowed also when it was not registered."""
    _bridge().unregister(reader)


def pyscard_readers(reader: TwoSlotReader) -> "list[SlotReader]":
    """The pyscard readers of *reader*, one per slot, without registering it."""
    return list(_bridge().readers_of(reader))


def _bridge() -> "ModuleType":
    try:
        import smartcard  # noqa: F401
    except ImportError as error:
        raise ImportError(CURE) from error
    from bifente.reader.pyscard import bridge

    return bridge
