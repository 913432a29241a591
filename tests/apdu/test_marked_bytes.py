"""Marks of secret bytes: they stay where they were put, whatever a wrapper does to the command."""

from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import CommandAPDU
from bifente.apdu.classbyte import CLASS_BYTES, SecureMessaging
from bifente.apdu.secrecy import (
    DialogueSecrecy,
    MarkedBytes,
    is_change,
    is_verify,
    marks,
    shown_command,
)

UPDATE = MarkedBytes(bytes.fromhex("00D60000043132333400"), ((5, 9),))
"""A command of which nobody would guess that it carries a PIN."""


def test_what_is_marked_is_shown_to_nobody() -> None:
    assert shown_command(UPDATE) == "00D6000004********00"
    assert repr(UPDATE) == "MarkedBytes(00D6000004********00)" == str(UPDATE)
    assert repr(CommandAPDU.parse(UPDATE)) == "CommandAPDU(00D6000004********00)"
    # A card that echoes it echoes a secret, at once or by GET RESPONSE.
    assert DialogueSecrecy().shown(UPDATE, b"1234\x90\x00")[1] == "********9000"
    secrecy = DialogueSecrecy()
    assert secrecy.of(UPDATE, b"\x61\x04") == (((5, 9),), True)
    assert secrecy.of(bytes.fromhex("00C0000004"), b"1234\x90\0") == ((), True)
    assert secrecy.of(bytes.fromhex("00B0000004"), b"1234\x90\0") == ((), False)


def test_built_from_marked_data_a_command_is_marked() -> None:
    built = CommandAPDU.build(0x00, 0xD6, 0, 0, MarkedBytes.whole(b"1234"), 256)
    assert built.raw == UPDATE
    assert marks(built.raw) == ((5, 9),)


def test_plain_bytes_have_no_marks() -> None:
    assert marks(bytes(UPDATE)) == marks(b"") == ()
    assert bytes(UPDATE) == UPDATE
    assert hash(bytes(UPDATE)) == hash(UPDATE)


@given(
    st.lists(st.tuples(st.integers(0, 255), st.booleans()), max_size=12),
    st.integers(-15, 15) | st.none(),
    st.integers(-15, 15) | st.none(),
    st.binary(max_size=3),
    st.binary(max_size=3),
)
def test_slices_and_sums_keep_each_mark_at_its_byte(
    wanted: list[tuple[int, bool]], start: int | None, stop: int | None, before: bytes, behind: bytes
) -> None:
    raw = bytes(byte for byte, _ in wanted)
    spans = tuple((at, at + 1) for at, (_, secret) in enumerate(wanted) if secret)
    made = before + MarkedBytes(raw, spans)[start:stop] + behind
    expected = [
        *((byte, False) for byte in before),
        *wanted[start:stop],
        *((byte, False) for byte in behind),
    ]
    assert bytes(made) == bytes(byte for byte, _ in expected)
    hidden = {at for first, last in marks(made) for at in range(first, last)}
    assert hidden == {at for at, (_, secret) in enumerate(expected) if secret}


def test_two_marked_parts_put_together() -> None:
    assert marks(MarkedBytes.whole(b"12") + MarkedBytes(b"345", ((1, 2),))) == ((0, 2), (3, 4))


def test_turned_round_everything_is_hidden() -> None:
    assert marks(UPDATE[::-1]) == ((0, 10),)


def test_verify_and_change_in_every_class() -> None:
    for cla in range(256):
        meaning = CLASS_BYTES[cla]
        plain = (
            meaning.interindustry
            and not meaning.chaining
            and meaning.secure_messaging is SecureMessaging.NONE
        )
        assert plain == (cla in {0, 1, 2, 3} or 0x40 <= cla < 0x50)
        for ins in range(256):
            assert is_verify(bytes((cla, ins, 0, 1))) == (plain and ins in (0x20, 0x21))
            assert is_change(bytes((cla, ins, 0, 1))) == (plain and ins in (0x24, 0x25, 0x2C, 0x2D))
    assert not is_verify(b"\x00\x20\x00")
    assert not is_change(b"")
