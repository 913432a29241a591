"""The kernel held against an independent model of the ISO test card: the same answer to every command, in every state.

``ORACLE_STEPS`` chooses how many commands are tried in all (`make fuzz` runs 50 000); without it a short form runs.
"""

import os
from datetime import date
from functools import cache

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from isofiles import NAME, NAME_2, File, Folder, parameters
from isomodel import IsoCard

from bifente.apdu import CommandAPDU
from bifente.applets import card_of
from bifente.applets.kernel.files import Directory
from bifente.applets.kernel.files import File as CardFile
from bifente.applets.perso import personalise, read_profile
from bifente.applets.store.stores import MemoryStore

STEPS = int(os.environ.get("ORACLE_STEPS", "0"))
EACH = 40


@cache
def fresh() -> dict[str, bytes]:
    return personalise(read_profile("isotest"), None, today=date(2026, 3, 2))


CREATED = [0x7001, 0x7002, 0x7003, 0x7010]
FIDS = st.integers(0, 47)
TAGGED = 0xE107
"""A file that the model does not have, and no command here means."""
CHANNELS = st.integers(0, 15)
"""Which of the open channels; the last value is one that may be closed."""
SFIS = st.sampled_from([0, 0, 0, 1, 2, 3, 4, 4, 5, 5, 6, 6, 9])
ASKED = st.sampled_from([1, 4, 8, 16, 256])
PINS = st.sampled_from(
    [b"1234", b"1234", b"1234", b"5678", b"123", b"12345678", b"12345678", b"87654321", b"12A4", b""]
)
REFERENCES = st.sampled_from([1, 1, 1, 2, 2, 3])
DATA = st.sampled_from([b"\x01", b"record!!", b"sixsix", b"\xff" * 8, b"\0" * 8, b"x" * 41, b"0123456789"])
PLACES = st.one_of(
    st.integers(0, 70).map(lambda at: (0, at)),
    st.tuples(SFIS.filter(bool).map(lambda sfi: 0x80 | sfi), st.integers(0, 40)),
)
RECORDS = st.tuples(
    st.sampled_from([0, 0, 0, 1, 1, 2, 3, 4, 5]),
    st.tuples(SFIS, st.sampled_from([0, 1, 2, 3, 3, 4, 4, 4, 5, 6])).map(lambda p2: p2[0] << 3 | p2[1]),
)


def same(expected: Folder, found: Directory) -> None:
    """A directory of the card is as the model has it, with all that is in it."""
    assert found.state == expected.state
    assert found.by_fid.keys() - {TAGGED} == expected.children.keys()
    for fid, child in expected.children.items():
        there = found.by_fid[fid]
        if isinstance(child, Folder):
            assert isinstance(there, Directory)
            same(child, there)
        else:
            assert isinstance(there, CardFile)
            assert there.state == child.state
            assert list(there.records) == child.records
            assert not child.content or there.content == child.content


class Held(RuleBasedStateMachine):
    """One card and one model, told the same."""

    @initialize()
    def begin(self) -> None:
        self.card = card_of(MemoryStore(fresh()), "isotest")
        self.card.power_on()
        self.model = IsoCard()

    def open_channel(self, drawn: int) -> int:
        """A drawn channel, which is open as a rule."""
        if drawn == 15:
            return 7
        there = sorted(self.model.channels)
        return there[drawn % len(there)]

    def near(self, channel: int, drawn: int) -> int:
        """A drawn file identifier, as a rule of what is in the current directory of that channel."""
        current = self.model.channels.get(self.open_channel(channel))
        there = [] if current is None else sorted(current.folder.children)
        far = [0x3F00, 0xE101, 0xE104, 0xE200, 0xE202, 0x7001, 0x7002, 0x7777]
        return there[drawn % len(there)] if there and drawn < 40 else far[drawn % len(far)]

    def fitting(self, channel: int, sfi: int, data: bytes) -> bytes:
        """*data*, or as a rule so many of its bytes as a record of that file has."""
        current = self.model.channels.get(self.open_channel(channel))
        if current is None or len(data) > 10:
            return data
        files = [
            each for each in current.folder.children.values() if isinstance(each, File) and each.sfi == sfi
        ]
        file = current.file if not sfi else files[0] if files else None
        return data if file is None or not file.size else (data * file.size)[: file.size]

    def say(self, drawn: int, ins: int, p1: int, p2: int, data: bytes = b"", ne: int | None = None) -> None:
        channel = self.open_channel(drawn)
        cla = channel if channel < 4 else 0x40 | channel - 4
        command = CommandAPDU.build(cla, ins, p1, p2, data, ne)
        answer = self.card.transmit(command.raw)
        expected, sw = self.model.answer(channel, ins, p1, p2, data, ne)
        assert answer == expected + sw.to_bytes(2, "big"), (command.raw.hex(), answer.hex(), f"{sw:04X}")

    @rule(channel=CHANNELS, how=st.sampled_from([0, 0, 1, 2, 2]), fid=FIDS)
    def select(self, channel: int, how: int, fid: int) -> None:
        self.say(channel, 0xA4, how, 0x0C, self.near(channel, fid).to_bytes(2, "big"))

    @rule(channel=CHANNELS)
    def select_parent(self, channel: int) -> None:
        self.say(channel, 0xA4, 3, 0x0C)

    @rule(channel=CHANNELS, name=st.sampled_from([NAME, NAME_2, NAME[:4], b"\xf1"]))
    def select_by_name(self, channel: int, name: bytes) -> None:
        self.say(channel, 0xA4, 4, 0x0C, name)

    @rule(
        channel=CHANNELS,
        closes=st.booleans(),
        number=st.sampled_from([0, 0, 1, 2, 5, 19]),
        ne=st.sampled_from([1, 256]),
    )
    def manage_channel(self, channel: int, closes: bool, number: int, ne: int) -> None:
        self.say(channel, 0x70, 0x80 if closes else 0, number, b"", None if closes or number else ne)

    @rule(channel=CHANNELS)
    def present_the_pin(self, channel: int) -> None:
        self.say(channel, 0x20, 0, 1, self.model.values[1])

    @rule(channel=CHANNELS, reference=REFERENCES, value=PINS)
    def verify(self, channel: int, reference: int, value: bytes) -> None:
        self.say(channel, 0x20, 0, reference, value)

    @rule(channel=CHANNELS, reference=st.sampled_from([0, 1, 3]))
    def log_out(self, channel: int, reference: int) -> None:
        self.say(channel, 0x20, 0xFF, reference)

    @rule(channel=CHANNELS, reference=REFERENCES, old=PINS, new=PINS)
    def change(self, channel: int, reference: int, old: bytes, new: bytes) -> None:
        self.say(channel, 0x24, 0, reference, old + new)

    @rule(channel=CHANNELS, how=st.integers(0, 3), reference=REFERENCES, code=PINS, value=PINS)
    def unblock(self, channel: int, how: int, reference: int, code: bytes, value: bytes) -> None:
        self.say(
            channel,
            0x2C,
            how,
            reference,
            (code if how in (0, 1) else b"") + (value if how in (0, 2) else b""),
        )

    @rule(channel=CHANNELS, place=PLACES, ne=ASKED)
    def read_binary(self, channel: int, place: tuple[int, int], ne: int) -> None:
        self.say(channel, 0xB0, *place, b"", ne)

    @rule(channel=CHANNELS, ins=st.sampled_from([0xD6, 0xD0]), place=PLACES, data=DATA)
    def write_binary(self, channel: int, ins: int, place: tuple[int, int], data: bytes) -> None:
        self.say(channel, ins, *place, data)

    @rule(channel=CHANNELS, place=PLACES)
    def erase_binary(self, channel: int, place: tuple[int, int]) -> None:
        self.say(channel, 0x0E, *place)

    @rule(channel=CHANNELS, place=RECORDS, ne=ASKED)
    def read_record(self, channel: int, place: tuple[int, int], ne: int) -> None:
        self.say(channel, 0xB2, *place, b"", ne)

    @rule(channel=CHANNELS, fid=st.sampled_from([0xE104, 0xE105, 0xE106, 0xE201]))
    def select_records(self, channel: int, fid: int) -> None:
        self.say(channel, 0xA4, 8, 0x0C, (b"\xe2\x00" if fid == 0xE201 else b"") + fid.to_bytes(2, "big"))

    @rule(channel=CHANNELS, which=st.sampled_from([0, 1, 2, 2, 3, 3, 4, 4, 4]))
    def read_on(self, channel: int, which: int) -> None:
        self.say(channel, 0xB2, 0, which, b"", 256)

    @rule(channel=CHANNELS, ins=st.sampled_from([0xDC, 0xD2]), place=RECORDS, data=DATA)
    def write_record(self, channel: int, ins: int, place: tuple[int, int], data: bytes) -> None:
        self.say(channel, ins, *place, self.fitting(channel, place[1] >> 3, data))

    @rule(channel=CHANNELS, place=RECORDS)
    def erase_record(self, channel: int, place: tuple[int, int]) -> None:
        self.say(channel, 0x0C, *place)

    @rule(channel=CHANNELS, sfi=SFIS, data=DATA)
    def append_record(self, channel: int, sfi: int, data: bytes) -> None:
        self.say(channel, 0xE2, 0, sfi << 3, self.fitting(channel, sfi, data))

    @rule(
        channel=CHANNELS,
        ins=st.sampled_from([0x44, 0x44, 0x44, 0x04, 0xE8, 0xE6, 0xE4]),
        fid=FIDS | st.none(),
    )
    def live_on(self, channel: int, ins: int, fid: int | None) -> None:
        self.say(channel, ins, 0, 0, b"" if fid is None else self.near(channel, fid).to_bytes(2, "big"))

    @rule(channel=CHANNELS, fid=st.sampled_from(CREATED), folder=st.booleans())
    def create(self, channel: int, fid: int, folder: bool) -> None:
        self.say(channel, 0xE0, 0, 0, parameters(fid, folder=folder))

    @rule(really=st.integers(0, 30))
    def terminate_card(self, really: int) -> None:
        if not really:
            self.say(0, 0xFE, 0, 0)

    @rule(power=st.booleans())
    def reset(self, power: bool) -> None:
        if power:
            self.card.power_off()
            self.card.power_on()
        else:
            self.card.reset()
        self.model.reset()

    def teardown(self) -> None:
        """At the end the card holds what the model holds, also after the power was gone."""
        if not hasattr(self, "card"):
            return
        self.card.power_off()
        self.card.power_on()
        same(self.model.mf, self.card.tree.mf)
        assert {number: pin.value for number, pin in self.card.persistent.pins.items()} == self.model.values
        assert {number: pin.left for number, pin in self.card.persistent.pins.items()} == self.model.left
        self.card.power_off()


def test_the_kernel_answers_as_the_model_does() -> None:
    examples = STEPS // EACH if STEPS else 30
    run_state_machine_as_test(
        Held,
        settings=settings(
            max_examples=examples,
            stateful_step_count=EACH,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
