"""The PC/SC calls of a case: made through pyscard, written on the tape, undone afterwards."""

from collections.abc import Callable
from threading import Thread
from typing import Final

from bifente.apdu.secrecy import shown_command
from bifente.conformance.case import Bench, within
from bifente.conformance.errors import Nonconformity

PATIENCE = 15.0
"""Seconds in which any call must come back that does not wait for somebody."""

SHARED, EXCLUSIVE, DIRECT = 2, 1, 3
T0, T1, ANY = 1, 2, 3
LEAVE, RESET, UNPOWER, EJECT = 0, 1, 2, 3
UNAWARE, CHANGED, EMPTY, PRESENT, IN_EXCLUSIVE_USE, IN_USE = 0x00, 0x02, 0x10, 0x20, 0x80, 0x100


UNSUPPORTED: Final = frozenset(
    {"SCARD_E_UNEXPECTED", "SCARD_E_UNSUPPORTED_FEATURE", "SCARD_E_NOT_TRANSACTED"}
)
"""What drivers say to an attribute or control code that they do not have; pcsc-lite's number for an unsupported feature is
that of an unexpected card error elsewhere."""


class Pcsc:
    """PC/SC for one case. Contexts and handles that it leaves open are closed afterwards."""

    def __init__(self, bench: Bench) -> None:
        from smartcard import scard

        from bifente.conformance.pcsc.functions import name_of

        self._bench = bench
        self._scard = scard
        self._name = name_of
        self._patience = 2.0

    def reader(self, kind: str) -> str:
        """The PC/SC reader that the card of that kind is in."""
        return self._bench.card(kind).place

    def call(
        self, function: str, *arguments: object, seconds: float | None = None
    ) -> tuple[str, list[object]]:
        """Call ``SCard``*function*: the name of its result, and what else it gives.

        Nonconformity when it does not come back within *seconds*.
        """
        made: Callable[..., object] = getattr(self._scard, f"SCard{function}")
        wait = PATIENCE if seconds is None else seconds
        answer = within(wait, f"SCard{function}", lambda: made(*arguments))
        result, rest = (answer[0], list(answer[1:])) if isinstance(answer, list | tuple) else (answer, [])
        assert isinstance(result, int)
        name = self._name(result)
        self._bench.note("PC/SC", f"SCard{function}{_shown(function, arguments)}", name)
        return name, rest

    def ok(self, function: str, *arguments: object, seconds: float | None = None) -> list[object]:
        """As :meth:`call`, of a call that must succeed; what else it gives."""
        name, rest = self.call(function, *arguments, seconds=seconds)
        if name != "SCARD_S_SUCCESS":
            raise Nonconformity(f"SCard{function} gives {name}")
        return rest

    def gives(self, expected: str | tuple[str, ...], function: str, *arguments: object) -> None:
        """A call that must give one of the *expected* results, named without ``SCARD_``."""
        name, _ = self.call(function, *arguments)
        names = (expected,) if isinstance(expected, str) else expected
        if name.removeprefix("SCARD_") not in names:
            raise Nonconformity(f"SCard{function} gives {name}, not SCARD_{' or SCARD_'.join(names)}")

    def context(self) -> int:
        """A new context, released afterwards."""
        (context,) = self.ok("EstablishContext", self._scard.SCARD_SCOPE_USER)
        assert isinstance(context, int)
        self._afterwards("ReleaseContext", context)
        return context

    def connect(
        self, kind: str, share: int = SHARED, protocols: int = ANY, *, context: int | None = None
    ) -> int:
        """A handle to the card of that kind, in a context of its own unless one is given; reset afterwards."""
        if context is None:
            context = self.context()
        handle, _ = self.ok("Connect", context, self.reader(kind), share, protocols)
        assert isinstance(handle, int)
        self._afterwards("Disconnect", handle, LEAVE)
        return handle

    def _afterwards(self, function: str, *arguments: object) -> None:
        """Make that call when the case is over; a service that does not answer it holds up nobody."""
        made: Callable[..., object] = getattr(self._scard, f"SCard{function}")

        def clean() -> None:
            thread = Thread(target=made, args=arguments, daemon=True)
            thread.start()
            thread.join(self._patience)
            if thread.is_alive():
                # What hangs once hangs again.
                self._patience = 0.05

        self._bench.afterwards(clean)

    def fresh(self, kind: str) -> int:
        """A handle to a card that was just reset."""
        handle = self.connect(kind)
        self.ok("Reconnect", handle, SHARED, ANY, RESET)
        return handle

    def transmit(self, handle: int, command: str, protocol: int = T0) -> tuple[str, str]:
        """SCardTransmit: name of the result, answer in hexadecimal."""
        name, rest = self.call("Transmit", handle, protocol, list(bytes.fromhex(command)))
        answer = rest[0] if rest else []
        assert isinstance(answer, list | tuple)
        return name, bytes(byte & 0xFF for byte in answer).hex().upper()

    def answers(self, handle: int, command: str, expected: str, protocol: int = T0) -> None:
        """The command must be carried to the card and answered so."""
        name, answer = self.transmit(handle, command, protocol)
        if name != "SCARD_S_SUCCESS":
            raise Nonconformity(f"SCardTransmit gives {name}")
        if answer != expected:
            raise Nonconformity(f"{command} is answered {answer}, not {expected}")

    def refuses(self, handle: int, expected: str, command: str = "00A4000C023F00") -> None:
        """The command must not be carried to the card: the call gives *expected*."""
        name, _ = self.transmit(handle, command)
        if name != f"SCARD_{expected}":
            raise Nonconformity(f"SCardTransmit gives {name}, not SCARD_{expected}")

    def state(
        self, context: int, kind: str, known: int = UNAWARE, timeout: int = 0
    ) -> tuple[str, int, bytes]:
        """SCardGetStatusChange of one reader: name of the result, event state, ATR."""
        name, rest = self.call(
            "GetStatusChange",
            context,
            timeout,
            [(self.reader(kind), known)],
            seconds=PATIENCE + timeout / 1000,
        )
        states = rest[0] if rest else []
        if not isinstance(states, list | tuple) or not states:
            return name, 0, b""
        _, event, atr = states[0]
        return name, event & 0xFFFFFFFF, bytes(byte & 0xFF for byte in atr)


def _shown(function: str, arguments: tuple[object, ...]) -> str:
    """The arguments that say something: no handles; of what is handed over only commands, without their secrets."""
    kept = []
    for argument in arguments:
        if function == "Transmit" and isinstance(argument, list):
            kept.append(shown_command(bytes(argument)))
        elif isinstance(argument, str) or (isinstance(argument, int) and abs(argument) < 0x10000):
            kept.append(str(argument))
    return f"({', '.join(kept)})"
