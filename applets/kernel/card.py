"""The life of one command: bytes, class byte, chaining, dispatch, answer."""

import logging
from collections.abc import Callable
from os import urandom

from bifente.apdu.classbyte import CLASS_BYTES, ClassByte, SecureMessaging
from bifente.apdu.command import CommandAPDU
from bifente.apdu.errors import ApduError
from bifente.apdu.files.fcp import LifeCycle
from bifente.apdu.instructions import GET_RESPONSE, SELECT
from bifente.apdu.refusal import CommandPart, Refusal, Why
from bifente.apdu.status import SW
from bifente.applets.kernel.classes import INTERINDUSTRY, ClassPolicy
from bifente.applets.kernel.errors import CardError, CardWarning, CorruptCard, UnpoweredCard
from bifente.applets.kernel.files import Tree
from bifente.applets.kernel.growth import grown
from bifente.applets.kernel.instruction import Instruction, Listed, Table
from bifente.applets.kernel.records import all_records, check_records, read_meta
from bifente.applets.kernel.refusals import PART_4
from bifente.applets.kernel.state import META_RECORD, Chain, LogicalChannel, Persistent, Proven
from bifente.applets.store.stores import Store, StoreError
from bifente.layouts.nodes import Layout

logger = logging.getLogger("bifente.applets")

OK = SW.SUCCESS.to_bytes_be()
_WRONG_LENGTH = SW.WRONG_LENGTH.to_bytes_be()
_MEMORY_FAILURE = SW.MEMORY_FAILURE.to_bytes_be()
_UNKNOWN_INSTRUCTION = SW.INSTRUCTION_NOT_SUPPORTED.to_bytes_be()
_NO_DIAGNOSIS = SW.NO_PRECISE_DIAGNOSIS.to_bytes_be()

_INSTRUCTION = f"{PART_4} §5.4.2"
_CHAINING = f"{PART_4} §5.3.3"
_CHANNELS = f"{PART_4} §5.4.1"
_STATUS = f"{PART_4} §5.6"
_LIFE = "ISO/IEC 7816-9:2017 §7"
_LENGTHS = "ISO/IEC 7816-3:2006 §12.1.3"

_BY_NAME = (SELECT, 0x04)

MAX_CHAINED = 65535
"""How many bytes a chained command may carry in all."""

_FAULT = "the card itself failed ({}): a fault of the emulator, whose log has the traceback"

RandomSource = Callable[[int], bytes]


class SmartCard:
    """An emulated card: a layout, its instructions and its store.

    It answers each command APDU whole, at the level of ISO/IEC 7816-4: 61xx, 6Cxx and GET RESPONSE belong to the
    transport (``bifente.reader``). No answer has more data than Ne, none without an Le field (ISO/IEC 7816-3:2006
    §12.1.1); a T=0 front, where that field does not travel, asks for everything. *random* gives challenges; it is a parameter so that a test can fix them.
    """

    def __init__(
        self,
        store: Store,
        layout: Layout,
        instructions: Table,
        *,
        classes: ClassPolicy = INTERINDUSTRY,
        random: RandomSource = urandom,
    ) -> None:
        self.store = store
        self.layout = layout
        self.instructions = instructions
        self.classes = classes
        self.random = random
        self.failure: StoreError | None = None
        """What the store refused last, which the terminal sees as 6581 only."""
        self.last_refusal: Refusal | None = None
        """Why the last command was answered as it was, None after plain success (bifente.apdu.refusal)."""
        self.asleep: Table | None = None
        """The card's own instructions while another applet, which has put its own in their place, has the chip."""
        self.elsewhere: object = None
        """What another applet of the chip knows until the next reset."""
        self._known = Listed(instructions)
        self._powered = False
        self._atr = layout.atr
        self._serial: str | None = None
        self._keeps_rests = GET_RESPONSE in instructions
        self._apart = False
        """Some directory is closed."""
        self._unusual = True
        """A command of class 00 is not to be passed by."""
        self.tree: Tree
        self.persistent: Persistent
        self.proven: Proven
        self.basic: LogicalChannel
        """Logical channel 0, which is always open."""
        self.channels: list[LogicalChannel | None]
        """All logical channels by their numbers, None for one that is closed."""
        self.channel: LogicalChannel
        """That of the command; between commands the basic one."""

    # --- what a slot does ------------------------------------------------------------------------------------------

    def power_on(self) -> bytes:
        """Cold reset. Takes hold of the card's store; returns the ATR.

        Raises StoreError when the store cannot be had and CorruptCard when it does not hold this kind of card.
        """
        if not self._powered:
            self.store.open()
            try:
                self._load()
            except BaseException:
                self.store.close()
                raise
            self._powered = True
        self.last_refusal = None
        self._forget()
        return self._atr

    def _forget(self) -> None:
        """What reset and loss of power do: a fresh volatile state."""
        self.elsewhere = None
        if self.asleep is not None:
            self.instructions, self.asleep = self.asleep, None
        self.proven = Proven()
        self.channel = self.basic = LogicalChannel(self.tree.mf)
        self.channels = [self.basic, *(None for _ in range(1, self.classes.channels))]

    def _load(self) -> None:
        records = all_records(self.store)
        meta = read_meta(records)
        if meta.get("kind") != self.layout.kind:
            raise CorruptCard(META_RECORD, f"not a {self.layout.kind} card")
        check_records(records, self.layout)
        self._serial = str(meta.get("serial", "")) or None
        own = meta.get("atr") if not self.layout.without_contacts else None
        self._atr = self.layout.atr if own is None else bytes.fromhex(str(own))
        self.tree = Tree(grown(self.layout, records), self.store)
        self.look_apart()
        pins = tuple(pin for _, directory in self.layout.directories() for pin in directory.pins)
        self.persistent = Persistent(self.store, pins)

    def look_apart(self) -> None:
        """Take note of whether any directory is closed: only then is each command asked whether it may run there."""
        self._apart = self.tree.apart()
        self._unusual = self._apart or self._keeps_rests or not self.classes.interindustry

    def reset(self) -> bytes:
        """Warm reset: a fresh volatile state, nothing else. Returns the ATR."""
        if not self._powered:
            raise UnpoweredCard
        self.last_refusal = None
        self._forget()
        return self._atr

    def power_off(self) -> None:
        """The card is at rest: it holds neither state nor descriptor."""
        if self._powered:
            self._powered = False
            del self.proven, self.channels, self.channel, self.basic, self.tree, self.persistent
            self.store.close()

    @property
    def serial(self) -> str | None:
        """The serial number, once the card has been powered: two cards of one serial are not taken into one reader."""
        return self._serial

    # --- what a terminal does --------------------------------------------------------------------------------------

    def transmit(self, command: bytes, /) -> bytes:
        """Answer one command APDU; any byte string gets at least a status word."""
        if not self._powered:
            raise UnpoweredCard
        self.last_refusal = None
        try:
            apdu = CommandAPDU.parse(command)
            if (
                apdu.cla
                or self.channel.chain is not None
                or self.channel.session is not None
                or self._unusual
            ):
                return self._transmit_general(apdu)
            instruction = self.instructions.get(apdu.ins)
            if instruction is None:
                self.explain(SW.INSTRUCTION_NOT_SUPPORTED, self._unknown(command))
                return _UNKNOWN_INSTRUCTION
            return instruction.run(self, instruction.request(apdu))[: apdu.ne or 0] + OK
        except CardError as refusal:
            self.explain(refusal.sw, refusal.why)
            self._refuse(command)
            return refusal.sw.to_bytes_be()
        except CardWarning as warning:
            self.explain(warning.sw, warning.why)
            self.channel = self.basic
            return warning.data + warning.sw.to_bytes_be()
        except ApduError as error:
            self.explain(SW.WRONG_LENGTH, Why(_LENGTHS, "the lengths do not add up: {}", (str(error),)))
            self._refuse(command)
            return _WRONG_LENGTH
        except StoreError as error:
            logger.warning("%s", error)
            self.failure = error
            self.explain(SW.MEMORY_FAILURE, Why(_STATUS, "the card file failed: {}", (error.reason,)))
            return self._after_store_failure()
        except Exception as error:
            # The traceback is for us; the terminal learns nothing but that the card failed.
            logger.exception("unexpected failure of a card")
            self.explain(SW.NO_PRECISE_DIAGNOSIS, Why(_STATUS, _FAULT, (type(error).__name__,)))
            self._refuse(command)
            return _NO_DIAGNOSIS

    def explain(self, sw: SW, why: Why) -> None:
        """Keep beside the answer why it is *sw*."""
        self.last_refusal = refusal = Refusal(sw, why)
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("%s", refusal)

    def _unknown(self, command: bytes) -> Why:
        return Why(
            _INSTRUCTION,
            "this card has no instruction {}; it has {}",
            (CommandPart(command, 1, 2), self._known),
        )

    def _refuse(self, command: bytes) -> None:
        """Tell the instruction that *command* means, whatever is wrong with its other bytes, that it is refused."""
        instruction = self.instructions.get(command[1]) if len(command) > 1 else None
        if instruction is not None and instruction.refused is not None:
            instruction.refused(self)
        self.channel = self.basic

    def _after_store_failure(self) -> bytes:
        """6581. What the store holds now is read anew, and what was proven is forgotten: nothing may differ from it."""
        try:
            self._load()
        except (StoreError, CorruptCard) as error:
            logger.warning("%s", error)
        self._forget()
        return _MEMORY_FAILURE

    def _transmit_general(self, apdu: CommandAPDU) -> bytes:
        """A command of another class than 00, or one that may continue a chain (ISO/IEC 7816-4:2020 §5.3, §5.4)."""
        class_byte = CLASS_BYTES[apdu.cla]
        other = self.classes.applets.get(apdu.cla)
        if other is not None:
            self.channel.chain = None
            return other.transmit(self, apdu)
        number = class_byte.channel
        if number and number < len(self.channels):
            channel = self.channels[number]
            if channel is None:
                return self._transmit_closed(class_byte, apdu)
            self.channel = channel
        return self._transmit_open(class_byte, apdu)

    def open_channel(self, number: int) -> LogicalChannel:
        """Open logical channel *number*: in the MF, or where that of the command is, unless it is the basic one."""
        opened = LogicalChannel(self.tree.mf if self.channel is self.basic else self.channel.directory)
        self.channels[number] = opened
        return opened

    def _transmit_closed(self, class_byte: ClassByte, apdu: CommandAPDU) -> bytes:
        """A command on a channel that is closed: only a selection by name opens it, if it succeeds (§5.4.1)."""
        self.classes.check(class_byte, apdu)
        if (apdu.ins, apdu.p1) != _BY_NAME:
            why = Why(
                _CHANNELS,
                "logical channel {} is closed: MANAGE CHANNEL opens it, or SELECT by name",
                (class_byte.channel,),
            )
            raise CardError(SW.LOGICAL_CHANNEL_NOT_SUPPORTED, why)
        self.channel = self.open_channel(class_byte.channel)
        try:
            return self._transmit_open(class_byte, apdu)
        except Exception:
            self.channels[class_byte.channel] = None
            raise

    def _transmit_open(self, class_byte: ClassByte, apdu: CommandAPDU) -> bytes:
        """The same on a channel that is open."""
        chain, self.channel.chain = self.channel.chain, None
        self.classes.check(class_byte, apdu)
        if class_byte.secure_messaging is SecureMessaging.NONE:
            self.channel.session = None  # a plain command ends it (ICAO Doc 9303-11 §9.8.3)
            answer = self._dispatch(class_byte, chain, apdu)
        else:
            carry = self.classes.secure_messaging.carry
            answer = carry(self, apdu, lambda plain: self._answer_within(class_byte, chain, plain))
        self.channel = self.basic
        return answer

    def _answer_within(self, class_byte: ClassByte, chain: Chain | None, apdu: CommandAPDU) -> bytes:
        """The answer to a command that came protected, as it is to be protected in turn."""
        try:
            return self._dispatch(class_byte, chain, apdu)
        except CardError as refusal:
            self.explain(refusal.sw, refusal.why)
            self._refuse(apdu.raw)
            return refusal.sw.to_bytes_be()
        except CardWarning as warning:
            self.explain(warning.sw, warning.why)
            return warning.data + warning.sw.to_bytes_be()

    def _dispatch(self, class_byte: ClassByte, chain: Chain | None, apdu: CommandAPDU) -> bytes:
        """A plain command, which may begin, continue or end a chain."""
        instruction = self.instructions.get(apdu.ins)
        if instruction is None:
            raise CardError(SW.INSTRUCTION_NOT_SUPPORTED, self._unknown(apdu.raw))
        # a chain is protected from its first command to its last, or not at all
        header = (apdu.ins, apdu.p1, apdu.p2, class_byte.secure_messaging is not SecureMessaging.NONE)
        if self._apart:
            self._check_place(instruction)
        if class_byte.chaining:
            self.channel.chain = self._chained(instruction, chain, header, apdu)
            return OK
        if chain is not None and chain.header == header:
            _check_chained(chain, apdu)
            apdu = CommandAPDU.build(0, apdu.ins, apdu.p1, apdu.p2, bytes(chain.data) + apdu.data, apdu.ne)
        if not self._keeps_rests:
            return instruction.run(self, instruction.request(apdu))[: apdu.ne or 0] + OK
        if apdu.ins != GET_RESPONSE:
            self.channel.waiting = b""
        data, most = instruction.run(self, instruction.request(apdu)), apdu.ne or 0
        if not most or len(data) <= most:
            return data[:most] + OK
        self.channel.waiting = data[most:]
        return data[:most] + SW.more(len(data) - most).to_bytes_be()

    def _check_place(self, instruction: "Instruction[object]") -> None:
        """Refuse what cannot be done in a closed directory, and everything on a card whose use was terminated."""
        if self.tree.mf.state is LifeCycle.TERMINATED:
            why = Why(_LIFE, "the use of this card was terminated, for good")
            raise CardError(SW.CONDITIONS_OF_USE_NOT_SATISFIED, why)
        directory = self.channel.directory
        if directory.closed and not instruction.anywhere:
            pattern = "{}, or a directory around it, is deactivated or terminated: {} is not done there"
            why = Why(_LIFE, pattern, (directory.path, instruction.name))
            raise CardError(SW.CONDITIONS_OF_USE_NOT_SATISFIED, why)

    @staticmethod
    def _chained(
        instruction: "Instruction[object]",
        chain: Chain | None,
        header: tuple[int, int, int, bool],
        apdu: CommandAPDU,
    ) -> Chain:
        if not instruction.chainable:
            why = Why(_CHAINING, "{} takes its data in one command only", (instruction.name,))
            raise CardError(SW.COMMAND_CHAINING_NOT_SUPPORTED, why)
        if chain is None:
            chain = Chain(header, bytearray())
        elif chain.header != header:
            pattern = "a chain of {:02X} with P1-P2 {:02X}{:02X} is open, and this command has another header"
            raise CardError(SW.LAST_COMMAND_OF_CHAIN_EXPECTED, Why(_CHAINING, pattern, chain.header[:3]))
        _check_chained(chain, apdu)
        chain.data += apdu.data
        return chain


def _check_chained(chain: Chain, apdu: CommandAPDU) -> None:
    """Refuse what makes a chained command too long."""
    whole = len(chain.data) + len(apdu.data)
    if whole > MAX_CHAINED:
        why = Why(
            _CHAINING, "the chained command has {} bytes of data, {} at most are taken", (whole, MAX_CHAINED)
        )
        raise CardError(SW.WRONG_LENGTH, why)
