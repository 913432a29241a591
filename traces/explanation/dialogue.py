"""Follows a dialogue: each exchange in words, in the light of those before it."""

from dataclasses import dataclass
from typing import Final

from bifente.apdu import tlv
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.instructions import INTERINDUSTRY, Effect, codes
from bifente.apdu.status import SW
from bifente.layouts.names import MF_FID, card_of_atr, directory, parent_of
from bifente.layouts.nodes import DF, EF
from bifente.traces.explanation.answers import tell
from bifente.traces.explanation.cardstate import CardState, Waiting
from bifente.traces.explanation.commands import describe, read_target, target_of_path
from bifente.traces.explanation.names import count, name_of
from bifente.traces.explanation.protected import is_protected
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import EventKind, Exchange, Item, ReaderEvent


@dataclass(frozen=True, slots=True)
class Explanation:
    """An exchange or event in words, and what is known of the card afterwards."""

    text: str
    """The whole, in one line."""
    command: str
    response: str
    """Both are empty strings where there is none."""
    directory: str | None = None
    file: str | None = None
    verified: tuple[int, ...] = ()
    """References of the PINs that are verified."""
    recognised: bool = False
    """Another card has authenticated itself."""


class Follower:
    """Explains the items of one trace, in order. Each slot is followed by itself; T=0 halves are put together."""

    def __init__(self) -> None:
        self._states: dict[str, CardState] = {}

    def state(self, slot: str = "") -> CardState:
        """What is known of the card in *slot*."""
        state = self._states.get(slot)
        if state is None:
            state = self._states[slot] = CardState()
        return state

    def resume(self, state: CardState, slot: str = "") -> None:
        """Go on from *state*, which is the follower's from now on."""
        self._states[slot] = state

    def explain(self, item: Item) -> Explanation:
        """The next item in words."""
        if isinstance(item, ReaderEvent):
            return self._event(item)
        state = self.state(item.slot)
        asked, said = _exchange(item, state)
        return _explanation(f"{asked} → {said}", asked, said, state)

    def follow(self, item: Item) -> bool:
        """The next item without words, which costs a fraction; False when it has certainly changed nothing."""
        if isinstance(item, ReaderEvent):
            self._states[item.slot] = _state_after(item)
            return True
        state = self._states.get(item.slot)
        if state is None:
            state = self.state(item.slot)
        return _follow(item, state)

    def _event(self, event: ReaderEvent) -> Explanation:
        if event.kind is EventKind.CALL:
            return _explanation(event.words or str(event.kind), "", "", self.state(event.slot))
        state = self._states[event.slot] = _state_after(event)
        text = str(event.kind)
        if event.atr:
            text += f", ATR {event.atr.hex().upper()}"
        if (card := card_of_atr(event.atr)) is not None:
            text += f" ({card})"
        return _explanation(text, "", "", state)


def _state_after(event: ReaderEvent) -> CardState:
    restarted = event.kind in (EventKind.INSERTED, EventKind.COLD_RESET, EventKind.WARM_RESET)
    return CardState.after_reset(event.atr) if restarted else CardState()


def _explanation(text: str, asked: str, said: str, state: CardState) -> Explanation:
    return Explanation(
        text,
        asked,
        said,
        state.directory_name,
        state.file_name,
        tuple(sorted(state.verified)),
        state.recognised,
    )


def _exchange(exchange: Exchange, state: CardState) -> tuple[str, str]:
    raw = exchange.command.shown
    try:
        if exchange.command.hides(2, 5):
            raise ApduError("parts of the header are hidden")
        command = CommandAPDU.parse(raw)
    except ApduError:
        return _malformed(exchange.command), _status_only(exchange.response)
    asked = describe(command, state)
    response = exchange.response
    if len(response) < 2:
        return asked, "no answer"
    sw = SW(int.from_bytes(response.shown[-2:], "big"))
    data, hidden = response.shown[:-2], response.hides(0, len(response) - 2)
    meant, words = command, asked
    if command.ins in _CONTINUING and state.waiting is not None:
        # What GET RESPONSE fetches is the other half of an earlier answer.
        meant = CommandAPDU.parse(state.waiting.command)
        words = state.waiting.words
    said = tell(meant, data, sw, hidden=hidden)
    _learn(command, meant, sw, state)
    _wait(command, meant, sw, state, words)
    return asked, said


def _wait(command: CommandAPDU, meant: CommandAPDU, sw: SW, state: CardState, words: str) -> None:
    """Take note of what waits for GET RESPONSE."""
    if sw.bytes_available is not None:
        state.waiting = Waiting(meant.raw, words)
    elif command.ins not in _CONTINUING or sw.exact_le is None:
        state.waiting = None


_CONTINUING: Final = codes(lambda known: known.effect is Effect.CONTINUES)
_ADDRESSING: Final = codes(lambda known: known.effect is Effect.ADDRESSES)
"""Instructions from which a listener learns something of the card when they name a short EF."""
_TEACHING: Final = codes(lambda known: known.effect not in (None, Effect.REPLACES_PIN, Effect.ADDRESSES))
"""Those from which a listener always learns something."""
_EFFECTS: Final = {code: known.effect for code, known in INTERINDUSTRY.items() if known.effect is not None}


def _follow(exchange: Exchange, state: CardState) -> bool:
    """The same as :func:`_exchange` without words; whether the state may have changed."""
    raw, response = exchange.command.shown, exchange.response.shown
    if len(raw) < 4 or len(response) < 2:
        return False
    ins = raw[1]
    if (
        state.waiting is None
        and not state.chained
        and not raw[0] & 0x10
        and response[-2] != 0x61
        and ins not in _TEACHING
        and not (ins in _ADDRESSING and raw[2] & 0x80)
    ):
        return False
    try:
        if exchange.command.hides(2, 5):
            return False
        command = CommandAPDU.parse(raw)
    except ApduError:
        return False
    sw = SW(int.from_bytes(response[-2:], "big"))
    meant, words = command, ""
    if ins in _CONTINUING and state.waiting is not None:
        meant, words = CommandAPDU.parse(state.waiting.command), state.waiting.words
    _learn(command, meant, sw, state)
    _wait(command, meant, sw, state, words)
    return True


def _malformed(command: MaskedBytes) -> str:
    size = count(len(command))
    if command.hides(0, 2):
        return f"{size}, masked: no command, perhaps a PIN"
    if len(command) < 2:
        return f"{size}, no command"
    masked = ", masked" if command.masked else ""
    return f"{name_of(command)}, {size} whose lengths do not add up{masked}"


def _status_only(response: MaskedBytes) -> str:
    if len(response) < 2:
        return "no answer"
    sw = SW(int.from_bytes(response.shown[-2:], "big"))
    return f"{sw.meaning} ({sw:04X})"


def _learn(command: CommandAPDU, meant: CommandAPDU, sw: SW, state: CardState) -> None:
    """Take note of what the exchange has changed in the card."""
    if command.class_byte.chaining:
        state.chained = state.chained + len(command.data) if sw.ok else 0
        return
    state.chained = 0
    succeeded = sw.ok or sw.warning
    if command.ins in _CONTINUING or sw.exact_le is not None:
        return
    if command.cla & 0x80 and (state.layout is None or command.cla != state.layout.command_class):
        return
    effect = _EFFECTS.get(meant.ins)
    if is_protected(meant.cla):
        if effect in (Effect.SELECTS, Effect.ADDRESSES):
            state.select(None, None)  # which file it is stands in what is enciphered
    elif effect is Effect.SELECTS:
        if succeeded:
            _selected(command, state)
    elif effect is Effect.ADDRESSES:
        file, sfi, _ = read_target(command, state)
        if sfi is not None and succeeded:
            state.select(file, None)
    elif effect is Effect.PRESENTS_PIN:
        _presented(command, sw, state)
    elif effect is Effect.SETS_ENVIRONMENT:
        if sw.ok:
            _set(command, state)
    elif effect is Effect.AUTHENTICATES:
        state.recognised = sw.ok


def _selected(command: CommandAPDU, state: CardState) -> None:
    if command.p1 == 0x04:
        found = directory(command.data)
        if found is None:
            state.enter(None, command.data or None)
        else:
            state.layout = found[0]
            state.enter(found[1])
        return
    if command.p1 == 0x03 and state.layout is not None and state.directory is not None:
        state.enter(parent_of(state.layout, state.directory))
        return
    node = target_of_path(command, state)
    if isinstance(node, DF):
        state.enter(node)
        return
    if command.p1 in (0x08, 0x09) and state.layout is not None and isinstance(node, EF):
        home = next((df for _, df in state.layout.directories() if node in df.children), None)
        if home is not None and home is not state.directory:
            state.enter(home)
    fid = int.from_bytes(command.data[-2:], "big") if command.data else MF_FID
    if fid == MF_FID:
        state.enter(None)
    else:
        state.select(node, fid)


def _presented(command: CommandAPDU, sw: SW, state: CardState) -> None:
    if command.p1 == 0xFF:
        if sw.ok:
            state.verified -= {command.p2} if command.p2 else set(state.verified)
            state.recognised = False
    elif sw.ok:
        state.verified.add(command.p2)
    elif sw.tries_left is not None or sw == SW.AUTHENTICATION_METHOD_BLOCKED:
        state.verified.discard(command.p2)


def _set(command: CommandAPDU, state: CardState) -> None:
    if command.p1 & 0x0F != 0x01:
        return
    try:
        items = tlv.decode(command.data)
    except ApduError:
        return
    for side in (0x40, 0x80):
        if command.p1 & side:
            state.environment.setdefault((command.p2, side), {}).update(
                {item.tag: item.value for item in items}
            )
