"""NOEMIE files: written, read in every form they come in, and judged; spoiled ones are told, never a crash."""

import dataclasses
import gzip
import re
from collections.abc import Callable
from datetime import date
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bifente.codes.nir import Nir
from bifente.fse.noemie import (
    ENTITIES,
    Correspondent,
    Entity,
    FileIdentity,
    NoemieFile,
    NoemieFinding,
    NoemieRefused,
    NotNoemie,
    PlacedEntity,
    RuleBasis,
    check,
    entities_of,
    read_file,
    write_file,
)
from bifente.fse.noemie.check import field_findings
from bifente.fse.noemie.findings import EntityPlace
from bifente.fse.noemie.layout import EntityLayout, FieldShape

DAY = date(2026, 11, 28)
NIR = Nir.with_key("1801375123456")
IDENTITY = FileIdentity(
    Correspondent("CP", "00000000013499"), Correspondent("TP", "991234567"), "ABC123", DAY
)


def invoice(number: int, paid: int = 2100) -> list[Entity]:
    return [
        ENTITIES["102"].build(level=4, invoice=f"{number:09}", lot="012", invoice_type="F"),
        ENTITIES["103"].build(
            level=5, nir=NIR.number, nir_key=NIR.key, patient_name="MARTIN", birth="800000", rank=1
        ),
        ENTITIES["150"].build(level=5, insurance="AS"),
        ENTITIES["198"].build(level=5, asked=2100, state="P", paid=paid, sign="P"),
        ENTITIES["295"].build(level=6, comment=f"COMMENTAIRE {number}"),
    ]


def entities(count: int = 2) -> list[Entity]:
    return [
        ENTITIES["020"].build(payee="991234567"),
        ENTITIES["040"].build(payee="991234567"),
        ENTITIES["071"].build(day=DAY, transfer="VIREMENT 4711"),
        ENTITIES["081"].build(return_type="01"),
        ENTITIES["080"].build(level=3, made=DAY, lot=12),
        *(one for number in range(1, count + 1) for one in invoice(number)),
    ]


def noemie(count: int = 2) -> bytes:
    return write_file(NoemieFile.of(IDENTITY, entities(count)))


def findings(content: bytes) -> list[NoemieFinding]:
    return list(check(BytesIO(content)))


def rules(content: bytes) -> list[tuple[str, str]]:
    return [(one.entity, one.rule) for one in findings(content)]


def broken_into(content: bytes, separator: bytes) -> bytes:
    return b"".join(content[start : start + 128] + separator for start in range(0, len(content), 128))


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda content: content,
    "CR LF": lambda content: broken_into(content, b"\r\n"),
    "LF": lambda content: broken_into(content, b"\n"),
    "one line": lambda content: content + b"\r\n",
    "DOS end of file": lambda content: content + b"\x1a",
    "gzip": gzip.compress,
    "gzip of CR LF": lambda content: gzip.compress(broken_into(content, b"\r\n")),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_is_the_same_in_every_form(form: str) -> None:
    content = noemie()
    assert findings(FORMS[form](content)) == []
    assert read_file(FORMS[form](content)) == read_file(content)
    assert write_file(read_file(content)) == content


def test_the_physical_format() -> None:
    content = noemie(5)
    blocks = [content[start : start + 128] for start in range(0, len(content), 128)]
    assert [block[:3] for block in (blocks[0], blocks[-1])] == [b"000", b"999"]
    assert {block[:1] for block in blocks[1:-2]} == {b"0"}
    assert blocks[-2][:1] == b"1"
    assert blocks[0][82:85] == b"128"
    assert blocks[-1][55:63] == b"%08d" % len(blocks)


def test_payload_that_fills_its_last_block_to_any_character() -> None:
    """23 and 127 have no common divisor: every rest occurs."""
    for count in range(127):
        inner = [*entities(1), *[ENTITIES["160"].build(level=5, archive=1)] * count]
        content = write_file(NoemieFile.of(IDENTITY, inner))
        assert findings(content) == []
        assert len(read_file(content).entities) == len(inner) + 3


def test_places_are_those_of_the_file() -> None:
    content = noemie()
    for found in entities_of(BytesIO(content)):
        assert isinstance(found, PlacedEntity)
        at = found.place.byte
        assert found.place.block == at // 128 + 1
        assert content[at : at + 1].decode() == found.entity.text[0]


def test_with_line_ends_places_count_them() -> None:
    content = broken_into(noemie(), b"\r\n")
    for found in entities_of(BytesIO(content)):
        assert isinstance(found, PlacedEntity)
        assert content[found.place.byte : found.place.byte + 1].decode() == found.entity.text[0]


def _valid_text(field_name: str, layout: EntityLayout) -> st.SearchStrategy[str]:
    field = layout.by_name[field_name]
    if field.codes:
        return st.sampled_from([code for code in field.codes if code or not field.mandatory])
    if field.shape is FieldShape.DATE:
        return st.dates(date(2000, 1, 1), date(2099, 12, 31)).map(lambda day: f"{day:%y%m%d}")
    if field.numeric:
        return st.integers(0, 10**field.length - 1).map(lambda number: f"{number:0{field.length}}")
    letters = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "@")
    return st.text(letters, max_size=field.length).map(lambda text: text.rstrip(" ") or "X")


@pytest.mark.parametrize("number", sorted(ENTITIES.keys() - {"000", "990", "999"}))
@given(st.data())
@settings(max_examples=8)
def test_every_entity_comes_back_with_the_values_it_was_made_of(number: str, data: st.DataObject) -> None:
    layout = ENTITIES[number]
    names = [one.name for one in layout.fields if not one.fixed]
    values = {name: data.draw(_valid_text(name, layout)) for name in names}
    entity = layout.build(**values)
    assert {name: entity.value(name) for name in names} == {
        name: value.rstrip(" ") for name, value in values.items()
    }
    content = write_file(NoemieFile.of(IDENTITY, [entity]))
    read = [one.entity for one in entities_of(BytesIO(content)) if isinstance(one, PlacedEntity)]
    assert [one for one in read if one.number not in ("000", "990", "999")] == [entity]


@given(st.binary(max_size=600))
def test_arbitrary_bytes_are_refused_or_told(content: bytes) -> None:
    for start in (b"", b"000", gzip.compress(b"000" + content)[:-4]):
        try:
            told = findings(start + content)
        except NotNoemie:
            continue
        assert told


@given(st.data())
def test_spoiled_files_are_told(data: st.DataObject) -> None:
    content = bytearray(noemie(3))
    at = data.draw(st.integers(3, len(content) - 1))
    byte = data.draw(st.integers(0, 255))
    how = data.draw(st.sampled_from(["change", "insert", "remove", "cut"]))
    if how == "change":
        content[at] = byte
    elif how == "insert":
        content.insert(at, byte)
    elif how == "remove":
        del content[at]
    else:
        del content[at:]
    for form in (bytes(content), broken_into(bytes(content), b"\r\n"), gzip.compress(bytes(content))):
        told = findings(form)
        assert all(one.line() for one in told)
        if how == "cut":
            assert told


@pytest.mark.parametrize("number", sorted(ENTITIES))
@given(st.data())
@settings(max_examples=10)
def test_the_quick_look_at_an_entity_finds_what_the_one_at_each_field_does(
    number: str, data: st.DataObject
) -> None:
    layout = ENTITIES[number]
    names = [one.name for one in layout.fields if not one.fixed]
    text = layout.build(**{name: data.draw(_valid_text(name, layout)) for name in names}).text
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(st.integers(0, len(text) - 1))
        text = text[:at] + data.draw(st.sampled_from(" 0X@é\n")) + text[at + 1 :]
    slow = dataclasses.replace(layout)
    slow.__dict__["form"] = re.compile("(?!)")
    place = EntityPlace(1, 1, 0)
    assert list(field_findings(Entity(layout, text), place)) == list(
        field_findings(Entity(slow, text), place)
    )


def changed(old: bytes, new: bytes, content: bytes | None = None) -> bytes:
    content = content or noemie()
    assert content.count(old) >= 1
    return content.replace(old, new, 1)


@pytest.mark.parametrize(
    ("content", "expected", "words"),
    [
        (changed(b"071022611", b"071022613"), ("071", "date"), "261328"),
        (changed(b"VIREMENT 4711", b" " * 13), ("071", "mandatory"), ""),
        (changed(b"15005AS", b"15005XX"), ("150", "code"), "XX"),
        (changed(b"02001", b"02007"), ("020", "value"), "07"),
        (changed(b"15005AS@", b"15005AS @"), ("150", "length"), "9 characters, not 8"),
        (changed(b"15005AS@", b"15105AS@"), ("151", "type"), "not known"),
        (changed(b"MARTIN", b"MART\xcdN"), ("103", "characters"), "ASCII"),
        (changed(str(NIR).encode(), f"{NIR.number}98".encode()), ("103", "key"), "98"),
        (changed(b"19805000021", b"198050000 1"), ("198", "digits"), "0000"),
        (changed(b"128 ", b"127 "), ("000", "value"), "128"),
        (changed(b"576 ", b"578 "), ("000", "reference"), "576, 580, 908"),
        (changed(b"576 ", b"CP  "), ("000", "reference"), "B2"),
        (noemie()[:-128], ("", "trailer"), "cut"),
        (noemie()[:-1], ("", "block length"), "127"),
        (noemie() + noemie(), ("", "order"), "blocks follow"),
        (gzip.compress(noemie())[:-40], ("", "file"), "gzip"),
    ],
)  # fmt: skip
def test_each_fault_is_named(content: bytes, expected: tuple[str, str], words: str) -> None:
    told = findings(content)
    assert expected in [(one.entity, one.rule) for one in told]
    assert any(words in one.line() for one in told if (one.entity, one.rule) == expected)


def test_wrong_totals_are_named_and_rest_on_our_reading() -> None:
    content = noemie()
    control = content.replace(b"0000000200000004200P", b"0000000300000004201P", 1)
    assert control != content
    told = findings(control)
    assert [(one.entity, one.value, one.basis) for one in told] == [
        ("990", "3", RuleBasis.READING),
        ("990", "4201", RuleBasis.READING),
    ]
    trailer = content[:-128] + content[-128:].replace(b"00000004200P", b"00000004200N")
    assert [(one.entity, one.value) for one in findings(trailer)] == [("999", "-4200")]


def test_an_entity_outside_of_its_place_is_told() -> None:
    inner = [one for one in entities() if one.number != "081"]
    assert ("080", "order") in rules(write_file(NoemieFile.of(IDENTITY, inner)))


def test_a_level_above_that_of_what_holds_it_is_told() -> None:
    inner = [
        Entity(one.layout, one.text[:3] + "02" + one.text[5:]) if one.number == "150" else one
        for one in entities()
    ]
    assert ("150", "level") in rules(write_file(NoemieFile.of(IDENTITY, inner)))


def test_trailer_and_header_say_the_same() -> None:
    content = noemie()
    told = findings(content[:-128] + content[-128:].replace(b"ABC123", b"ABC124"))
    assert [(one.entity, one.rule, one.value) for one in told] == [("999", "header", "ABC124")]


def test_the_delimiter_in_a_comment_does_not_split_it() -> None:
    inner = entities()
    text = inner[-1].text
    inner[-1] = Entity(inner[-1].layout, text.replace("COMMENTAIRE 2", "A@B.EXAMPLE  "))
    told = findings(write_file(NoemieFile.of(IDENTITY, inner)))
    assert [(one.entity, one.rule) for one in told] == [("295", "delimiter")]


def test_a_shorter_entity_is_told_and_the_next_one_read() -> None:
    inner = [
        Entity(one.layout, one.text.replace(" " * 20, "")) if one.number == "295" else one
        for one in entities()
    ]
    told = findings(write_file(NoemieFile.of(IDENTITY, inner)))
    assert [(one.entity, one.rule) for one in told] == [("295", "length")] * 2


def test_a_file_that_is_not_right_is_not_taken_for_a_value() -> None:
    with pytest.raises(NoemieRefused, match=r"entity 150 .*XX"):
        read_file(changed(b"15005AS", b"15005XX"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"not noemie", "entity 000"),
        ("000".encode("cp037") + bytes(125), "EBCDIC"),
    ],
)
def test_what_is_not_noemie(content: bytes, words: str) -> None:
    with pytest.raises(NotNoemie, match=words):
        findings(content)


def test_a_long_file_is_read_entity_by_entity() -> None:
    """Nothing is kept of what went by: the reader asks for no more than it gives."""
    content = noemie(2000)

    class Counting(BytesIO):
        taken = 0

        def read(self, size: int | None = -1, /) -> bytes:
            piece = super().read(size)
            self.taken += len(piece)
            return piece

    stream = Counting(content)
    found = entities_of(stream)
    for _ in range(50):
        next(found)
    assert stream.taken <= 1 << 17 < len(content)
