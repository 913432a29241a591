"""The T=0 front: what a card of transmission protocol T=0 looks like from the terminal's side.

Cards here answer APDUs. A T=0 card answers TPDUs (ISO/IEC 7816-3:2006 §10.3, §12.2): a command has no Le beside its
data, the answer to such a command waits for GET RESPONSE, a wrong Le is answered ``6Cxx``, and extended lengths do
not exist. :class:`T0Front` is the one place that knows; it wraps a card that does not.

What the terminal sees:

====================================  =================================================================
command                               answer
====================================  =================================================================
shorter than 4 bytes, Lc does not     ``6700``; the card is not asked
fit, or extended length
case 1 (4 bytes)                      status word; ``61xx`` when data wait
case 2, Le = what there is            data and status word
case 2, Le = 00                       all there is to the end (at most 256 bytes at once), never ``6282``
case 2, Le larger than what there is  ``6C La``
case 2, Le smaller than an answer     the first Le bytes, then ``61xx`` for the rest
case 3, and case 4 with or without    status word; ``61xx`` when data wait. The Le is dropped, as a reader
its Le                                drops it
GET RESPONSE, nothing waits           ``6985``
GET RESPONSE, Le = 00 or fewer        that much; ``61xx`` while some is left, then the command's status
GET RESPONSE, Le larger               ``6C La``, and the data still wait
====================================  =================================================================

What waits is dropped by any other command, by a reset and by power-off. ``6282`` (end of file before Le bytes)
belongs to the APDU level; under T=0 the same situation is ``6C La``. A terminal that accepts ``6282`` as OpenSC 0.23
does for ``00 B0 9C 00 C0`` on the twelve bytes of EF.SN.ICC repeats with ``0C`` when told so, and has its bytes.

How a command answered ``6C La`` is kept from being executed twice: the card executes it once, the front keeps the
answer, and the repetition with Le = La is served from there. Any other command forgets it. So a signature is made
once and a challenge drawn once. Of a command that the terminal abandons after ``6C La`` there remains only what
reading leaves: the EF that a short identifier selects, or a challenge that nobody has been told.

A CPS2ter says the same in its own words: in class A0 ``9Fxx`` announces what waits, and GET RESPONSE is refused with
``6F00`` when nothing does, ``6B00`` for P1-P2 and ``6700`` for a length (ansforge/dops-cryptolib).

How the card is asked is what the table of instructions says (:mod:`bifente.apdu.instructions`). READ BINARY, READ
RECORD and GET CHALLENGE, whose Le *chooses* the amount, go to it as they came. For any other command Le only says how
much the terminal can take, so the card is asked for everything (Le = 00) and the front deals it out; nothing is cut
off. Commands that by their standard never answer data (VERIFY, UPDATE BINARY, MSE, a block of a chain …) go without
Le, for a card may refuse it there, and PSO HASH would even answer the hash. Under secure messaging every command answers
data, also when it is refused: a status word and its checksum.
"""

from typing import Final

from bifente.apdu.classbyte import CLASS_BYTES, ClassRange
from bifente.apdu.facets import CardAround
from bifente.apdu.instructions import (
    GET_RESPONSE,
    PSO_HASH,
    PSO_NOTHING,
    SECURITY_OPERATIONS,
    codes,
    is_cps2ter,
)
from bifente.apdu.link import Card
from bifente.apdu.protectedobjects import is_protected
from bifente.apdu.refusal import Refusal, Why
from bifente.apdu.status import SW

_AMOUNT: Final = codes(lambda known: known.le_is_amount)
_SILENT: Final = codes(lambda known: known.silent)
_SILENT_OPERATIONS: Final = frozenset({PSO_NOTHING, PSO_HASH})

_MORE: Final = tuple(SW.more(count or 256).to_bytes_be() for count in range(256))
"""``61xx`` by the last byte of how many bytes wait, of which 256 and more are announced as 00."""
_MORE_IN_A0: Final = tuple(SW.more_in_a0(count or 256).to_bytes_be() for count in range(256))

_SUCCESS: Final = SW.SUCCESS.to_bytes_be()
_END_OF_FILE: Final = SW.END_OF_FILE_REACHED.to_bytes_be()


class T0Front(CardAround):
    """A ``Card`` around a ``Card``: takes TPDUs, asks APDUs. See the module for every rule.

    ``speaks_tpdu`` tells a reader that no second front is needed.
    """

    __slots__ = ("_class", "_kept", "_own", "_sent", "_status", "_waiting")

    speaks_tpdu: Final = True

    def __init__(self, card: Card) -> None:
        super().__init__(card)
        self._waiting = b""
        self._status = b""
        self._class = 0
        self._kept: tuple[bytes, bytes] | None = None
        self._own: Refusal | None = None
        self._sent = b""

    @property
    def last_refusal(self) -> Refusal | None:
        """The front's own reason, else that of the card inside when its status word is the one that was sent."""
        if self._own is not None:
            return self._own
        return self._refusal_behind(self._sent)

    def power_on(self) -> bytes:
        """Cold reset of the card inside; nothing waits any more."""
        self._forget()
        self._own, self._sent = None, b""
        return self._card.power_on()

    def reset(self) -> bytes:
        """Warm reset of the card inside; nothing waits any more."""
        self._forget()
        self._own, self._sent = None, b""
        return self._card.reset()

    def power_off(self) -> None:
        """Power the card inside off; nothing waits any more."""
        self._forget()
        self._card.power_off()

    def transmit(self, command: bytes, /) -> bytes:
        """Answer one command TPDU as the table of this module says."""
        self._own = None
        answer = self._answer(command)
        self._sent = answer[-2:]
        return answer

    def _refused(self, sw: SW, clause: str, pattern: str, *values: object) -> bytes:
        self._own = Refusal(sw, Why(clause, pattern, values))
        return sw.to_bytes_be()

    def _answer(self, command: bytes) -> bytes:
        size = len(command)
        if size > 4 and command[1] == GET_RESPONSE:
            return self._get_response(command)
        if size == 5:
            return self._case_2(command)
        if size == 4:
            if command[1] == GET_RESPONSE:
                return self._get_response(command + b"\0")
            self._forget()
            return self._hold(
                command[0], self._card.transmit(command if _silent(command) else command + b"\0")
            )
        self._forget()
        if size < 4 or command[4] == 0 or size - command[4] not in (5, 6):
            pattern = "a TPDU has 4 or 5 bytes, or the data that P3 counts behind them; this one has {} bytes"
            return self._refused(SW.WRONG_LENGTH, _TPDU, pattern, size)
        incoming = command[: 5 + command[4]]
        return self._hold(incoming[0], self._card.transmit(_asking(incoming)))

    def _case_2(self, command: bytes) -> bytes:
        kept = self._kept
        self._forget()
        if kept is not None and kept[0] == command:
            return kept[1]
        instruction, wanted = command[1], command[4]
        asked = command if wanted == 0 or instruction in _AMOUNT or _silent(command) else command[:4] + b"\0"
        answer = self._card.transmit(asked)
        available = len(answer) - 2
        status = answer[-2:]
        if available <= 0 or not _may_carry_data(status):
            return status
        if available == wanted:
            return answer
        if available > (wanted or 256):
            waiting = self._hold(command[0], answer[wanted or 256 :])
            return answer[: wanted or 256] + waiting
        if wanted == 0:
            return answer[:-2] + _SUCCESS if status == _END_OF_FILE else answer
        if status not in (_SUCCESS, _END_OF_FILE):
            return answer
        self._kept = (command[:4] + bytes((available,)), answer[:-2] + _SUCCESS)
        return self._refused(SW.wrong_le(available), _CASE_2, _FEWER, wanted, available)

    def _get_response(self, command: bytes) -> bytes:
        self._kept = None
        if is_cps2ter(command[0]):
            return self._get_response_in_a0(command)
        if len(command) != 5:
            return self._refused(SW.WRONG_LENGTH, _RESPONSE, "GET RESPONSE carries no data")
        if command[2] or command[3]:
            return self._refused(SW.INCORRECT_P1_P2, _RESPONSE, "P1-P2 of GET RESPONSE are 0000")
        if not self._waiting:
            return self._refused(SW.CONDITIONS_OF_USE_NOT_SATISFIED, _RESPONSE, _NOTHING_WAITS)
        if not self._same_channel(command[0]):
            pattern = (
                "GET RESPONSE has the class byte of the command whose answer waits, or one of its channel"
            )
            return self._refused(SW.CLASS_NOT_SUPPORTED, _RESPONSE, pattern)
        available = len(self._waiting)
        wanted = command[4] or 256
        if wanted > available:
            if command[4]:
                return self._refused(SW.wrong_le(available), _RESPONSE, _FEWER, wanted, available)
            wanted = available
        return self._dealt(wanted)

    def _get_response_in_a0(self, command: bytes) -> bytes:
        """GetResponse of a CPS2ter, which refuses in its own words."""
        wanted = command[4] or 256 if len(command) == 5 else 0
        if command[2] or command[3]:
            return self._refused(SW.WRONG_P1_P2, _CPS2TER, "P1-P2 of GetResponse are 0000")
        if not self._waiting or command[0] != self._class:
            return self._refused(SW.NO_PRECISE_DIAGNOSIS, _CPS2TER, _NOTHING_WAITS)
        if not 0 < wanted <= len(self._waiting):
            return self._refused(SW.WRONG_LENGTH, _CPS2TER, _OTHER, wanted, len(self._waiting))
        return self._dealt(wanted)

    def _dealt(self, wanted: int) -> bytes:
        """The first *wanted* bytes of what waits, and what to say of the rest."""
        data, self._waiting = self._waiting[:wanted], self._waiting[wanted:]
        if self._waiting:
            return data + _more(self._waiting, self._class)
        status = self._status
        self._forget()
        return data + status

    def _hold(self, class_byte: int, answer: bytes) -> bytes:
        """Let the data of *answer* wait for GET RESPONSE; what to say meanwhile."""
        data, status = answer[:-2], answer[-2:]
        if not data or not (_may_carry_data(status) or is_protected(class_byte)):
            return status
        self._waiting, self._status = data, status
        self._class = class_byte
        return _more(data, class_byte)

    def _same_channel(self, class_byte: int) -> bool:
        """GET RESPONSE continues the command of its logical channel (ISO/IEC 7816-4:2020 §11.7.1)."""
        meaning = CLASS_BYTES[class_byte]
        if class_byte == self._class:
            return meaning.range is not ClassRange.INVALID
        return (
            meaning.interindustry
            and not meaning.chaining
            and (meaning.channel == CLASS_BYTES[self._class].channel)
        )

    def _forget(self) -> None:
        self._waiting = b""
        self._kept = None


_TPDU: Final = "ISO/IEC 7816-3:2006 §10.3"
_CASE_2: Final = "ISO/IEC 7816-3:2006 §12.2.3"
_RESPONSE: Final = "ISO/IEC 7816-4:2020 §11.7.1"
_FEWER: Final = "Le asks for {} bytes and there are {}: the command is to be repeated with that Le"
_CPS2TER: Final = "ansforge/dops-cryptolib, class A0"
_OTHER: Final = "GetResponse asks for {} bytes and {} wait"
_NOTHING_WAITS: Final = "nothing waits for GET RESPONSE: any other command drops what did"


def _more(waiting: bytes, class_byte: int) -> bytes:
    """The status word that announces *waiting*, which is not empty, after a command of that class."""
    words = _MORE_IN_A0 if is_cps2ter(class_byte) else _MORE
    return words[min(len(waiting), 256) & 0xFF]


def _asking(incoming: bytes) -> bytes:
    """A command with data, asking for all there is. Protected answers are longer than what they protect."""
    if is_protected(incoming[0]):
        return incoming[:4] + b"\0\0" + incoming[4:] + b"\0\0"
    return incoming if _silent(incoming) else incoming + b"\0"


def _silent(command: bytes) -> bool:
    """True for a command that answers a status word only, whatever its Le."""
    if command[0] and CLASS_BYTES[command[0]].chaining:
        return True
    instruction = command[1]
    return instruction in _SILENT or (instruction in SECURITY_OPERATIONS and command[2] in _SILENT_OPERATIONS)


def _may_carry_data(status: bytes) -> bool:
    """Success and warnings come with data, errors do not (ISO/IEC 7816-4:2020 §5.6)."""
    return status[0] in (0x61, 0x62, 0x63) or status[0] >= 0x90
