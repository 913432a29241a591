"""A signature by an unmodified program, from its start to its end: OpenSC's ``pkcs11-tool --login --sign``."""

import os
import shutil
import tempfile
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from glob import glob
from pathlib import Path

from cards import powered
from frame import Result, against_floor, run_process
from trivialserver import trivial_server

from bifente.reader import CPS_SLOT, TwoSlotReader
from bifente.reader.pcsclite import PcscServer

AUTHENTICATION_KEY = "e828bd080f8025000001ff001002"


class Playback:
    """The answers of a recorded dialogue: to each command in their order, the last one again and again."""

    def __init__(self) -> None:
        self.recorded: dict[bytes, list[bytes]] = defaultdict(list)
        self._left: dict[bytes, deque[bytes]] = {}
        self.strange = 0

    def rewind(self) -> None:
        """From the beginning."""
        self._left = {command: deque(answers) for command, answers in self.recorded.items()}

    def answer(self, command: bytes) -> bytes:
        """What the card answered; what was never asked is counted."""
        left = self._left.get(command)
        if not left:
            self.strange += 1
            return b"\x6f\x00"
        return left.popleft() if len(left) > 1 else left[0]


def results() -> Iterator[Result]:
    """The floor is the same run of the same program, before a trivial server that plays back what our card answered.

    What both share is the program; what is left is our server, our card and its signature.
    """
    tool = shutil.which("pkcs11-tool")
    modules = glob("/usr/lib/*/opensc-pkcs11.so")
    if tool is None or not modules:
        yield Result("pkcs11-tool --login --sign", "ms", 0.0, note="not measured: opensc is not installed")
        return
    played, commands = Playback(), 0
    with tempfile.TemporaryDirectory(prefix="bifente-bench-") as folder, TwoSlotReader() as reader:
        home = Path(folder)
        (home / "digest").write_bytes(bytes(32))
        card = powered("gp")
        atr = card.power_on()
        card.power_off()
        reader.insert(CPS_SLOT, card)
        recording = True

        def observe(_slot: str, command: bytes, answer: bytes | None, _seconds: float) -> None:
            nonlocal commands
            if recording and answer is not None:
                commands += 1
                played.recorded[bytes(command)].append(bytes(answer))

        sign: list[str | Path] = [tool, "--module", modules[0], "--login", "--pin", "1234", "--sign"]
        sign += ["-m", "RSA-PKCS", "--id", AUTHENTICATION_KEY]
        sign += ["-i", home / "digest", "-o", home / "signature"]

        def run(server: Mapping[str, str]) -> None:
            (home / "signature").unlink(missing_ok=True)
            run_process(sign, env={**os.environ, **server, "HOME": folder})
            if (home / "signature").stat().st_size != 256:
                raise RuntimeError("pkcs11-tool did not sign")

        with PcscServer(reader, path=home / "socket", observe=observe) as ours:
            run(ours.environment)
            recording = False
            name = f"{reader.name} [CPS] 00 00"
            with trivial_server(f"{folder}/floor", played.answer, atr, name) as floor:

                def replay() -> None:
                    played.rewind()
                    run(floor)

                yield against_floor(
                    "pkcs11-tool --login --sign",
                    lambda: run(ours.environment),
                    replay,
                    most=1.6,
                    note=f"{commands} APDUs; floor: the same answers played back by a trivial server",
                )
                if played.strange:
                    raise RuntimeError(f"{played.strange} commands were not in the recording")
