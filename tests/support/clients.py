"""A desk for programs that nobody here wrote: a two-slot reader with cards, and PC/SC programs that use it unmodified.

The server runs in the process of the test; each program is a process of its own, bounded in time, at home in a folder
of the test.
"""

import json
import os
import pty
import re
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from time import monotonic
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from issued import authority

from bifente.applets import SmartCard, card_of
from bifente.applets.families.cps3.profile import ProfessionalProfile
from bifente.applets.perso import personalise, read_profile
from bifente.applets.perso.cardrecords import meta_of
from bifente.applets.store.stores import MemoryStore
from bifente.reader import CPS_SLOT, VITALE_SLOT, TwoSlotReader
from bifente.reader.pcsclite import PcscServer
from bifente.traces.cleaning.mask import Masker

TIMEOUT = 30.0
"""Seconds that a program may take; they take one or two."""

TODAY = datetime.now(UTC).date() - timedelta(days=1)
"""The clients look at the real clock; a day back, whatever the time zone."""

PIN, PUK = "1234", "12345678"
PCSC_NAME = "Bifente Lecteur bi-fente"


@cache
def records(profile: str, variant: str = "") -> Mapping[str, bytes]:
    """The records of a shipped profile, valid today. Variants: ``expired``; any other word is another card of it."""
    plan = read_profile(profile)
    if variant == "expired":
        assert isinstance(plan, ProfessionalProfile)
        issued = TODAY.replace(year=TODAY.year - 4, day=1)
        plan = plan.model_copy(update={"issued": issued, "expires": issued + timedelta(days=3 * 365)})
    return personalise(plan, authority(), today=TODAY)


def card(profile: str, variant: str = "") -> SmartCard:
    """A fresh card, not powered: each call begins with three tries again."""
    made = records(profile, variant)
    return card_of(MemoryStore(made), meta_of(dict(made)).kind)


class Ended:
    """What a program did until its end."""

    def __init__(self, command: Sequence[str], code: int, output: str, errors: str, dialogue: str) -> None:
        self.command, self.code, self.output, self.errors = command, code, output, errors
        self.dialogue = dialogue
        """What was said to the cards meanwhile; PINs are masked."""

    def __str__(self) -> str:
        last = "\n".join(self.dialogue.splitlines()[-30:])
        return (
            f"{' '.join(self.command)}\n-- exit code {self.code}\n{self.output}\n-- standard error\n{self.errors}\n"
            f"-- last APDUs\n{last}"
        )

    @property
    def all(self) -> str:
        """Both outputs."""
        return self.output + self.errors

    def asked(self, *beginnings: str) -> list[str]:
        """The commands that begin so, each with its answer: ``CPS: 0084000008 -> …``."""
        wanted = tuple(beginnings)
        return [line for line in self.dialogue.splitlines() if line.partition(": ")[2].startswith(wanted)]

    def ok(self) -> "Ended":
        """Insist on exit code 0."""
        assert self.code == 0, str(self)
        return self

    def failed(self, *patterns: str) -> "Ended":
        """Insist on a failure that is told with these words (regular expressions)."""
        assert self.code != 0, str(self)
        return self.says(*patterns)

    def says(self, *patterns: str) -> "Ended":
        """Insist on these words (regular expressions) in the output."""
        for pattern in patterns:
            assert re.search(pattern, self.all, re.MULTILINE), f"{pattern!r} is not in: {self}"
        return self

    def never_says(self, *patterns: str) -> "Ended":
        """Insist on the absence of these words."""
        for pattern in patterns:
            assert not re.search(pattern, self.all, re.MULTILINE), f"{pattern!r} is in: {self}"
        return self


class Desk:
    """A served reader with cards in its slots, as a context manager."""

    def __init__(self, folder: Path, cps: SmartCard | None = None, vitale: SmartCard | None = None) -> None:
        self.folder = folder
        self.reader = TwoSlotReader(PCSC_NAME)
        self.cards = {slot: there for slot, there in ((CPS_SLOT, cps), (VITALE_SLOT, vitale)) if there}
        self._said: list[str] = []
        self._maskers = {slot: Masker() for slot in self.reader.slots}
        for slot, inserted in self.cards.items():
            self.reader.insert(slot, inserted)
        # A socket's path has 108 bytes at most, a test's folder often more.
        self._runtime = _short_folder()
        self.server = PcscServer(self.reader, path=self._runtime / "s", observe=self._observe)

    def __enter__(self) -> "Desk":
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()
        self.reader.close()
        self._runtime.rmdir()

    def _observe(self, name: str, command: bytes, answer: bytes | None, seconds: float) -> None:
        slot = self.reader.slots[self.server.names.index(name)]
        asked, said = self._maskers[slot].mask(command, answer or b"")
        self._said.append(f"{slot}: {asked.hex()} -> {'no answer' if answer is None else said.hex()}")

    @property
    def environment(self) -> dict[str, str]:
        """Of a program that is to use this reader, and nothing of the user's own settings."""
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        kept["PATH"] = f"{kept.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin"
        settings = self.folder / "opensc.conf"
        if not settings.exists():
            settings.write_text("app default {\n  framework pkcs15 { use_file_caching = no; }\n}\n")
        return {
            **kept,
            "LC_ALL": "C",
            "HOME": str(self.folder),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "OPENSC_CONF": str(settings),
            **self.server.environment,
        }

    def run(
        self,
        *command: str,
        standard_input: str | bytes = b"",
        timeout: float = TIMEOUT,
        environment: Mapping[str, str] | None = None,
    ) -> Ended:
        """A program, to its end."""
        begin = len(self._said)
        data = standard_input.encode() if isinstance(standard_input, str) else standard_input
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env={**self.environment, **(environment or {})},
                input=data,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            said = "\n".join(self._said[begin:])
            raise AssertionError(f"{error}\n{error.stdout!r}\n{error.stderr!r}\n{said}") from None
        return Ended(
            command,
            done.returncode,
            done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace"),
            "\n".join(self._said[begin:]),
        )

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        """A program that goes on; the test ends it."""
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def converse(
        self,
        command: Sequence[str],
        answers: Sequence[tuple[str, str]],
        *,
        timeout: float = TIMEOUT,
        environment: Mapping[str, str] | None = None,
    ) -> Ended:
        """A program on a terminal of its own: as each prompt (regular expression) comes, its answer is typed."""
        begin = len(self._said)
        ours, theirs = pty.openpty()
        try:
            with subprocess.Popen(
                command,
                cwd=self.folder,
                env={**self.environment, **(environment or {})},
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
            ) as program:
                os.close(theirs)
                try:
                    screen = _type_answers(ours, answers, monotonic() + timeout)
                    code = program.wait(timeout)
                finally:
                    program.kill()
        finally:
            os.close(ours)
        return Ended(command, code, screen, "", "\n".join(self._said[begin:]))


def _type_answers(terminal: int, answers: Sequence[tuple[str, str]], deadline: float) -> str:
    screen, read_to, waiting = "", 0, list(answers)
    while True:
        ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - monotonic()))
        if not ready:
            raise AssertionError(f"the program neither ended nor asked {waiting[:1]}:\n{screen}")
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # how a terminal says that nobody has it open any more
            return screen
        screen += piece.decode(errors="replace")
        while waiting and (found := re.search(waiting[0][0], screen[read_to:])):
            read_to += found.end()
            os.write(terminal, f"{waiting.pop(0)[1]}\n".encode())


class Lines:
    """What a program that goes on prints, line by line, as far as a test waits for it."""

    def __init__(self, program: "subprocess.Popen[bytes]") -> None:
        assert program.stdout is not None
        self._stream = program.stdout
        self.text = ""

    def until(self, pattern: str, timeout: float = 10.0) -> "re.Match[str]":
        """Read until *pattern* stands in what was not yet read; what comes before it is done with."""
        deadline = monotonic() + timeout
        while not (found := re.search(pattern, self.text)):
            ready, _, _ = select.select([self._stream], [], [], max(0.0, deadline - monotonic()))
            piece = os.read(self._stream.fileno(), 4096) if ready else b""
            if not piece:
                raise AssertionError(f"{pattern!r} did not come, but: {self.text}")
            self.text += piece.decode(errors="replace")
        self.text = self.text[found.end() :]
        return found


def _short_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="bf-"))


def tries_left(desk: Desk) -> int:
    """How many wrong PINs the card in the first slot still takes."""
    return desk.cards[CPS_SLOT].store.get("pin/01/left")[0]


def certificate(profile: str, file: str = "D002", variant: str = "") -> x509.Certificate:
    """The certificate in a file of a card: D001 for signatures, D002 for authentication."""
    record = json.loads(records(profile, variant)[f"file/3F00/0001/{file}"])
    return x509.load_der_x509_certificate(bytes.fromhex(record["value"]["hex"]))


def private_key(profile: str, reference: str = "82", variant: str = "") -> bytes:
    """A key of a card as PEM, which no client can get: to show that a server refuses the certificate itself."""
    key = load_der_private_key(records(profile, variant)[f"key/3F00/0001/{reference}"], None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def engine_settings(folder: Path, engine: str, module: str) -> dict[str, str]:
    """The environment in which OpenSSL has the PKCS#11 engine *engine* with the module *module*."""
    settings = folder / "openssl.cnf"
    settings.write_text(
        "openssl_conf = settings\n[settings]\nengines = engines\n[engines]\npkcs11 = pkcs11\n"
        f"[pkcs11]\nengine_id = pkcs11\ndynamic_path = {engine}\nMODULE_PATH = {module}\ninit = 0\n"
    )
    return {"OPENSSL_CONF": str(settings)}


TOKEN_LABEL = "Code porteur de la carte CPX"
"""How OpenSC calls the token: by its PIN. A second token without objects stands for the card's other application."""


def pkcs11_uri(number: str, kind: str, *, pin: str | None = None) -> str:
    """The address of an object by its PKCS#15 identifier (RFC 7512); *kind* is ``private`` or ``cert``."""
    identifier = "".join(f"%{byte:02x}" for byte in bytes.fromhex(number))
    address = f"pkcs11:token={quote(TOKEN_LABEL)};id={identifier};type={kind}"
    return address if pin is None else f"{address};pin-value={pin}"


AUTHENTICATION = "e828bd080f8025000001ff001002"
SIGNATURE = "e828bd080f8025000001ff001001"
"""The identifiers that the certificates and keys of a CPS have in PKCS#15."""


class Player:
    """A PC/SC program of its own (``tests/clients/pcsc_player.py``) that plays one command after the other."""

    def __init__(self, desk: Desk, reader: str) -> None:
        script = Path(__file__).parents[1] / "clients" / "pcsc_player.py"
        self._program = subprocess.Popen(
            [sys.executable, str(script), reader],
            cwd=desk.folder,
            env=desk.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._lines = Lines(self._program)
        try:
            self.protocol = self._lines.until(r"T=[01]")[0]
        except BaseException:
            self.close()
            raise

    def __call__(self, command: str) -> str:
        """The answer to one command, both in hexadecimal."""
        assert self._program.stdin is not None
        self._program.stdin.write(command.encode() + b"\n")
        self._program.stdin.flush()
        return self._lines.until(r"(?m)^([!\w]+)\r?\n")[1]

    def __enter__(self) -> "Player":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the program."""
        with self._program:
            self._program.kill()
