"""Run by ``test_one_instruction.py``: what the house makes of three instructions that nobody knows.

The arguments are lines of Python, which are put at the head of the table while ``bifente.apdu.instructions`` is loaded,
as if they stood in its file. What was found is printed as JSON.
"""

import json
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType

TABLE = "TABLE: Final[tuple[InstructionSpec, ...]] = (\n"
PRESENT, WRITE, READ = 0x3C, 0x3E, 0x38
PIN = b"1234"
ATR = bytes.fromhex("3B00")


class _Loader(SourceFileLoader):
    def source_to_code(self, data: bytes, path: str, **_: object) -> CodeType:  # type: ignore[override]
        source = data.decode()
        assert source.count(TABLE) == 1
        more = "".join(f"    {line}\n" for line in sys.argv[1:])
        return compile(source.replace(TABLE, TABLE + more), path, "exec")

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)  # never what __pycache__ holds


class _Finder(MetaPathFinder):
    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name != "bifente.apdu.instructions":
            return None
        spec = PathFinder.find_spec(name, path)  # type: ignore[arg-type] # a package's path
        assert spec is not None
        assert spec.origin is not None
        spec.loader = _Loader(name, spec.origin)
        return spec


sys.meta_path.insert(0, _Finder())

from construct import Container  # noqa: E402

from bifente.apdu import CommandAPDU  # noqa: E402
from bifente.apdu.secrecy import shown_command  # noqa: E402
from bifente.reader.pinpad import PinPad, PinRequestError, Scripted  # noqa: E402
from bifente.reader.pinrequests import VERIFY  # noqa: E402
from bifente.reader.wrappers.t0front import T0Front  # noqa: E402
from bifente.traces.cleaning.mask import Masker  # noqa: E402
from bifente.traces.cleaning.pseudonyms import personal  # noqa: E402
from bifente.traces.comparison.diff import compare  # noqa: E402
from bifente.traces.explanation.cardstate import CardState  # noqa: E402
from bifente.traces.explanation.explain import Follower, explain_bytes  # noqa: E402
from bifente.traces.explanation.phases import phased  # noqa: E402
from bifente.traces.formats.captures.gsmtap import cut  # noqa: E402
from bifente.traces.maskedbytes import MaskedBytes  # noqa: E402
from bifente.traces.model import Exchange, Trace, TraceHeader  # noqa: E402
from bifente.traces.replaying.play import play  # noqa: E402
from bifente.traces.replaying.replay import Policy, ReplayCard  # noqa: E402


class Card:
    """Notes what it is asked and answers eight bytes."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def power_on(self) -> bytes:
        return ATR

    reset = power_on

    def power_off(self) -> None:
        pass

    def transmit(self, command: bytes, /) -> bytes:
        self.asked.append(command)
        return b"ABCDEFGH\x90\x00"


def masked(command: bytes, response: bytes) -> Exchange:
    return Exchange(*Masker().mask(command, response))


def told(ins: int, p1: int = 0, p2: int = 1, data: bytes = PIN) -> dict[str, object]:
    """What every user of the table says of one command that succeeds."""
    command = CommandAPDU.build(0, ins, p1, p2, data)
    exchange = masked(command.raw, b"\x90\x00")
    follower = Follower()
    explained = follower.explain(exchange)
    fast = Follower()
    fast.follow(exchange)
    assert fast.state() == follower.state()
    card, pad = Card(), PinPad(Scripted([PIN.decode()]))
    T0Front(card).transmit(command.raw)
    try:
        template = command.raw[:5] + bytes(len(data))
        request = Container(
            timeout=0, timeout_after_first=0, format=0x82, block=0x04, length_format=0, max_digits=12, min_digits=4,
            validation=2, messages=0, language=0, message=0, prologue=bytes(3), length=len(template), data=template,
        )  # fmt: skip
        typed: str | None = pad.verify(VERIFY.build(request), lambda _: b"\x90\x00", "CPS").hex()
    except PinRequestError:
        typed = None
    played = Card()
    performance = play([exchange], played, ATR, pin=PIN)
    other = masked(CommandAPDU.build(0, ins, p1, p2, data[::-1]).raw, b"\x90\x00")
    open_, open_other = (
        Exchange(MaskedBytes(each), MaskedBytes(b"\x90\x00"))
        for each in (command.raw, command.raw[:5] + data[::-1])
    )
    assert compare([exchange], [exchange]).same
    return {
        "repr": repr(command),
        "masked": exchange.command.hex(),
        "masked other": other.command.hex(),
        "P3": shown_command(bytes((0, ins, p1, p2, 0x34))),
        "explained": explained.text,
        "identified": explain_bytes(command.raw)[1].strip(),
        "verified": explained.verified,
        "file": explained.file,
        "T=0 asks": [each.hex() for each in card.asked],
        "PIN pad": typed,
        "played": [each.hex() for each in played.asked],
        "skipped": performance.skipped,
        "differs": compare([open_], [open_other]).count,
        "phase": next(iter(phased([(exchange, 1)]))).phase,
        "personal": personal(exchange.command, exchange.response, CardState()) is not None,
    }  # fmt: skip


def reads() -> dict[str, object]:
    """What is made of a command that asks for eight bytes."""
    command = bytes((0, READ, 0, 0, 8))
    card = Card()
    answer = T0Front(card).transmit(command[:4] + b"\x05")
    exchange = masked(command, b"ABCDEFGH\x90\x00")
    return {
        "T=0 asks": [each.hex() for each in card.asked],
        "T=0 answers": answer.hex(),
        "GSMTAP": cut(command + b"ABCDEFGH\x90\x00"),
        "explained": Follower().explain(exchange).text,
        "personal": personal(exchange.command, exchange.response, CardState()) is not None,
        "phase": next(iter(phased([(exchange, 1)]))).phase,
    }


def replayed() -> list[str]:
    """A file is read twice before the PIN is presented and once behind it; and then again."""
    read, present = bytes.fromhex("00B0000004"), CommandAPDU.build(0, PRESENT, 0, 1, PIN).raw
    said = ((read, "6982"), (present, "9000"), (read, "010203049000"))
    items = tuple(masked(command, bytes.fromhex(answer)) for command, answer in said)
    card = ReplayCard(Trace(TraceHeader(atr=ATR), items), Policy.STATEFUL)
    card.power_on()
    return [card.transmit(command).hex() for command in (read, read, present, read)]


json.dump(
    {
        "present": told(PRESENT),
        "write": told(WRITE, 0x80 | 5, 0, b"abcd"),
        "read": reads(),
        "replayed": replayed(),
    },
    sys.stdout,
)
