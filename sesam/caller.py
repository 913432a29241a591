"""A process that calls, with all that belongs to it and ends with it."""

from threading import Lock

from bifente.sesam.sgdsession import SgdSession

MOST_SGD_SESSIONS = 64
"""Sessions of SGD that a process may have at a time (ours: no public number)."""


class CallerProcess:
    """What one process has open, over however many connections and libraries.

    ``key`` tells processes apart, ``name`` is for the trace. ``initialised``: SSV_InitLIB has succeeded.
    """

    def __init__(self, key: tuple[int, int], name: str) -> None:
        self.key = key
        self.name = name
        self.initialised = False
        self.connections = 0
        self.lock = Lock()
        self.sgd: dict[int, SgdSession] = {}

    def __repr__(self) -> str:
        return f"<CallerProcess {self.name}>"
