"""A signature by an unmodified program, from its start to its end: OpenSC's ``pkcs11-tool --login --sign``."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from glob import glob
from pathlib import Path

from cards import powered
from frame import Result, against_floor

from bifente.reader import CPS_SLOT, TwoSlotReader
from bifente.reader.pcsclite import PcscServer

AUTHENTICATION_KEY = "e828bd080f8025000001ff001002"


def results() -> Iterator[Result]:
    """The floor is the same program that only asks for its version; the APDUs of one signature are counted."""
    tool = shutil.which("pkcs11-tool")
    modules = glob("/usr/lib/*/opensc-pkcs11.so")
    if tool is None or not modules:
        return
    said: list[bytes] = []
    with tempfile.TemporaryDirectory(prefix="bifente-bench-") as folder, TwoSlotReader() as reader:
        home = Path(folder)
        (home / "digest").write_bytes(bytes(32))
        card = powered("gp")
        card.power_off()
        reader.insert(CPS_SLOT, card)

        def observe(_slot: str, command: bytes, _answer: bytes | None, _seconds: float) -> None:
            said.append(command)

        with PcscServer(reader, path=home / "socket", observe=observe) as server:
            environment = {**os.environ, **server.environment, "HOME": folder}
            sign = [tool, "--module", modules[0], "--login", "--pin", "1234", "--sign", "-m", "RSA-PKCS"]
            sign += ["--id", AUTHENTICATION_KEY, "-i", str(home / "digest"), "-o", str(home / "signature")]

            def subject() -> None:
                said.clear()
                subprocess.run(sign, env=environment, check=True, capture_output=True, timeout=30)

            def floor() -> None:
                subprocess.run(
                    [tool, "--version"], env=environment, capture_output=True, check=False, timeout=30
                )

            result = against_floor("pkcs11-tool --login --sign", subject, floor)
            assert (home / "signature").stat().st_size == 256
            yield result
            yield Result("  its APDUs", "APDUs", len(said))
