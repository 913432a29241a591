"""A card that echoes, and work done in another thread: what the tests of the slots put into them."""

import threading
from collections.abc import Callable

T0_ATR = bytes.fromhex("3B751300004709EA9000")
T1_ATR = bytes.fromhex("3B8F80010031B86404B0ECC1739401808290000E")
BOTH_ATR = bytes.fromhex("3B9B188001001225006480040100009044")
BOUND = 10.0


class EchoCard:
    """Answers data of a command, counts what is done to it, and fails when two threads use it at once."""

    def __init__(self, atr: bytes = T0_ATR, serial: str | None = None) -> None:
        self.atr = atr
        self.serial = serial
        self.calls: list[str] = []
        self.on = False
        self.verified = False
        self.hold: threading.Event | None = None
        self.entered = threading.Event()
        self._busy = threading.Lock()

    def power_on(self) -> bytes:
        self.calls.append("on")
        self.on, self.verified = True, False
        return self.atr

    def reset(self) -> bytes:
        assert self.on
        self.calls.append("reset")
        self.verified = False
        return self.atr

    def power_off(self) -> None:
        assert self.on
        self.calls.append("off")
        self.on = self.verified = False

    def transmit(self, command: bytes) -> bytes:
        assert self._busy.acquire(blocking=False), "two commands at once"
        try:
            assert self.on, "a command without supply"
            self.entered.set()
            if self.hold is not None:
                assert self.hold.wait(BOUND)
            if command[1:2] == b"\x20":
                self.verified = True
                return b"\x90\x00"
            if command[1:2] == b"\x88":
                return b"signed\x90\x00" if self.verified else b"\x69\x82"
            return command[5:] + b"\x90\x00"
        finally:
            self._busy.release()


def in_thread(work: Callable[[], object]) -> "Outcome":
    return Outcome(work)


class Outcome:
    """What a piece of work came to, in another thread."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.value: object = None
        self.error: BaseException | None = None

        def run() -> None:
            try:
                self.value = work()
            except BaseException as error:  # noqa: BLE001  # it is raised again in the test's thread
                self.error = error

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()

    def get(self) -> object:
        self.thread.join(BOUND)
        assert not self.thread.is_alive()
        if self.error is not None:
            raise self.error
        return self.value
