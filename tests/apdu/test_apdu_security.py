"""Security attributes in compact format, with the bytes of real cards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import ApduError
from bifente.apdu.files.security import (
    ALWAYS,
    NEVER,
    InterfaceAttributes,
    Operation,
    Scb,
    SecurityAttributes,
    Target,
)

SM5 = Scb(0x45)
PIN3 = Scb(0x13)

# bytes of a compact rule, what it protects, and its operations in the order of the bytes
REAL = [
    # EF.DIR and EF.ATR of a CPS3 (OpenSC PR #2217)
    ("7B45FFFFFF4500", Target.EF, "delete 45, terminate FF, activate FF, deactivate FF, update 45, read 00"),
    ("7BFFFFFFFFFF00", Target.EF, "delete FF, terminate FF, activate FF, deactivate FF, update FF, read 00"),
    # CPS_DATA and an activity of the synthetic image for OpenSC
    ("7B45FFFFFF1300", Target.EF, "delete 45, terminate FF, activate FF, deactivate FF, update 13, read 00"),
    ("7B45FFFFFF4513", Target.EF, "delete 45, terminate FF, activate FF, deactivate FF, update 45, read 13"),
    # a Gemalto, an Oberthur and a Sagem card (comments of OpenSC's card-iasecc.c)
    ("7B171717171700", Target.EF, "delete 17, terminate 17, activate 17, deactivate 17, update 17, read 00"),
    ("7B17FF17171700", Target.EF, "delete 17, terminate FF, activate 17, deactivate 17, update 17, read 00"),
    ("0100", Target.EF, "read 00"),
    # the MF and ADFs of the synthetic image for OpenSC
    ("0445", Target.DF, "create DF 45"),
    # PIN and PUK of a CPS3 (OpenSC PR #2217)
    ("F3000013FF00", Target.CHV, "change 00, verify 00, reset 13, put data FF, get data 00"),
    ("F3FF00FFFF00", Target.CHV, "change FF, verify 00, reset FF, put data FF, get data 00"),
    # a key of OpenSC issue #2158, and those of the synthetic image
    ("AB14434300", Target.RSA_KEY, "internal authenticate 14, generate 43, put data 43, get data 00"),
    ("331313FF00", Target.RSA_KEY, "internal authenticate 13, decipher 13, put data FF, get data 00"),
    ("4313FF00", Target.RSA_KEY, "compute digital signature 13, put data FF, get data 00"),
    (
        "2B45FFFF00",
        Target.KEYSET,
        "external authenticate 45, mutual authenticate FF, put data FF, get data 00",
    ),
]


@pytest.mark.parametrize(("text", "target", "meaning"), REAL)
def test_real_rules(text: str, target: Target, meaning: str) -> None:
    raw = bytes.fromhex(text)
    attributes = SecurityAttributes.parse(raw, target)
    expected = {Operation(item[:-3]): Scb(int(item[-2:], 16)) for item in meaning.split(", ")}
    assert {target.operations[mask]: scb for mask, scb in attributes.bits()} == expected
    for operation in Operation:
        assert attributes.get(operation) == expected.get(operation)
    assert attributes.encode() == raw
    built = SecurityAttributes.build(target, dict(reversed(expected.items())), bit8=raw[0] >= 0x80)
    assert built.encode() == raw
    assert built == attributes


# Written from ISO/IEC 7816-4:2020 §9.3: SE number, then the conditions from bit 8 down
CONDITIONS = [
    (0x00, "always"),
    (0xFF, "never"),
    (0x13, "user authentication in SE#3"),
    (0x17, "user authentication in SE#7"),
    (0x45, "secure messaging in SE#5"),
    (0x21, "external authentication in SE#1"),
    (0x10, "user authentication"),
    (0x31, "external authentication or user authentication in SE#1"),
    (0xB1, "external authentication and user authentication in SE#1"),
    (0xF2, "secure messaging and external authentication and user authentication in SE#2"),
]


@pytest.mark.parametrize(("value", "text"), CONDITIONS)
def test_conditions_in_words(value: int, text: str) -> None:
    scb = Scb(value)
    assert scb.explain() == text
    assert scb.always == (text == "always")
    assert scb.never == (text == "never")
    assert scb.user_authentication == ("user" in text)
    assert scb.external_authentication == ("external" in text)
    assert scb.secure_messaging == ("messaging" in text)
    assert scb.need_all == (" and " in text)
    assert scb.environment == (int(text[-1]) if "SE#" in text else None)


@pytest.mark.parametrize("value", range(256))
def test_each_byte_is_a_condition(value: int) -> None:
    scb = Scb(value)
    assert scb.explain()
    if value != 0xFF and value & 0x70 and value & 0x0F != 0x0F:
        rebuilt = Scb.build(
            need_all=scb.need_all,
            secure_messaging=scb.secure_messaging,
            external_authentication=scb.external_authentication,
            user_authentication=scb.user_authentication,
            environment=scb.environment or 0,
        )
        assert rebuilt == scb


@pytest.mark.parametrize("environment", [-1, 15])
def test_environment_numbers(environment: int) -> None:
    with pytest.raises(ApduError):
        Scb.build(user_authentication=True, environment=environment)


def test_a_condition_is_named() -> None:
    with pytest.raises(ApduError):
        Scb.build(environment=1)
    with pytest.raises(ApduError):
        Scb(256)


@pytest.mark.parametrize("text", ["", "7B", "7B45FFFFFF45", "7B45FFFFFF450000", "00FF", "F3000013FF", "80FF"])
def test_the_number_of_conditions_must_fit(text: str) -> None:
    with pytest.raises(ApduError):
        SecurityAttributes.parse(bytes.fromhex(text), Target.EF)


def test_an_operation_that_the_target_has_not() -> None:
    with pytest.raises(ApduError, match="decipher"):
        SecurityAttributes.build(Target.EF, {Operation.DECIPHER: ALWAYS})


def test_a_bit_without_meaning_is_kept() -> None:
    attributes = SecurityAttributes.parse(bytes.fromhex("0C1300"), Target.CHV)
    assert attributes.encode() == bytes.fromhex("0C1300")
    assert attributes.explain() == ["operation 08: user authentication in SE#3", "operation 04: always"]


def test_explain() -> None:
    attributes = SecurityAttributes.parse(bytes.fromhex("7B45FFFFFF4500"), Target.EF)
    assert attributes.explain() == [
        "delete: secure messaging in SE#5",
        "terminate: never",
        "activate: never",
        "deactivate: never",
        "update: secure messaging in SE#5",
        "read: always",
    ]


def test_interfaces_of_ef_atr() -> None:
    content = bytes.fromhex("8C077B45FFFFFF45009C077BFFFFFFFFFF00")
    interfaces = InterfaceAttributes.parse(content, Target.EF)
    assert interfaces.contact is not None
    assert interfaces.contactless is not None
    assert interfaces.contact.get(Operation.UPDATE) == SM5
    assert interfaces.contactless.get(Operation.UPDATE) == NEVER
    assert interfaces.encode() == content
    assert "contactless, read: always" in interfaces.explain()
    assert interfaces.protects(Target.EF)
    assert not interfaces.protects(Target.DF)


@pytest.mark.parametrize("text", ["8C0201008C020100", "8D020100", "8C0101", "8C", "FF"])
def test_what_is_no_interface_template(text: str) -> None:
    with pytest.raises(ApduError):
        InterfaceAttributes.parse(bytes.fromhex(text), Target.EF)


@st.composite
def attributes_of(draw: st.DrawFn) -> SecurityAttributes:
    mode = draw(st.integers(0, 255))
    count = (mode & 0x7F).bit_count()
    conditions = draw(st.lists(st.integers(0, 255).map(Scb), min_size=count, max_size=count))
    return SecurityAttributes(draw(st.sampled_from(Target)), mode, tuple(conditions))


@given(attributes_of())
def test_round_trip(attributes: SecurityAttributes) -> None:
    raw = attributes.encode()
    assert SecurityAttributes.parse(raw, attributes.target) == attributes
    for size in range(len(raw)):
        with pytest.raises(ApduError):
            SecurityAttributes.parse(raw[:size], attributes.target)
    assert len(attributes.explain()) == len(attributes.conditions)


@given(st.sampled_from(Target), st.data())
def test_each_operation_comes_back(target: Target, data: st.DataObject) -> None:
    named = data.draw(
        st.dictionaries(st.sampled_from(list(target.operations.values())), st.integers(0, 255).map(Scb))
    )
    attributes = SecurityAttributes.build(target, named)
    assert {operation: attributes.get(operation) for operation in named} == named
    assert attributes.access_mode == sum(target.bit(operation) for operation in named)


@given(st.binary(max_size=30), st.sampled_from(Target))
def test_garbage_is_read_or_refused(raw: bytes, target: Target) -> None:
    for parse in (SecurityAttributes.parse, InterfaceAttributes.parse):
        try:
            value = parse(raw, target)
        except ApduError:
            continue
        assert parse(value.encode(), target) == value
