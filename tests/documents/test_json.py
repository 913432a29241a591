"""Strict JSON: what it takes, and that everything else is one line with its place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.documents import DocumentError, Fields, parse_json
from bifente.documents.jsontext import MAX_DEPTH

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.booleans())
def test_whatever_json_says_is_read(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert parse_json(text.encode(), "j") == value


@given(st.binary(max_size=60) | st.text('[]{}":,\\u0dD8aeE+-.1n \n', max_size=60).map(str.encode))
def test_any_bytes_are_a_value_or_one_line(content: bytes) -> None:
    complaint = "j:"
    try:
        parse_json(content, "j")
    except DocumentError as error:
        complaint = str(error)
    assert complaint.startswith("j:")
    assert "\n" not in complaint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "j:1: not JSON: Expecting value"),
        ('{\n"a": 1,\n}', "j:"),
        ('{"a": 1, "b": 2, "a": 3}', "j: not JSON: 'a' stands twice in an object"),
        ("[NaN]", "j: not JSON: NaN is not a number in JSON"),
        ("-Infinity", "j: not JSON: -Infinity is not a number in JSON"),
        (r'"\ud800"', "j: not JSON: half of a surrogate pair"),
        (r'{"\udfff": 1}', "j: not JSON: half of a surrogate pair"),
        ("1" * 5000, "j: not JSON: "),
    ],
)
def test_what_python_would_take_besides_is_refused(text: str, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_json(text, "j")
    assert str(caught.value).startswith(message)


def test_a_pair_of_surrogates_is_a_character() -> None:
    assert parse_json(r'"\ud83d\ude00"', "j") == "😀"


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_depth_is_an_error_with_its_line_and_never_recursion(opening: str) -> None:
    levels = len(opening.replace('"a":', ""))
    fits = MAX_DEPTH // levels
    closing = "".join({"[": "]", "{": "}"}[one] for one in reversed(opening.replace('"a":', "")))
    parse_json(opening * fits + "1" + closing * fits, "j")
    with pytest.raises(DocumentError, match=rf"j:2: nested more than {MAX_DEPTH} deep"):
        parse_json("\n" + opening * (fits + 1) + "1" + closing * (fits + 1), "j")
    with pytest.raises(DocumentError, match="nested more than"):
        parse_json(opening * 1_000_000, "j")


def test_brackets_in_strings_are_no_depth() -> None:
    text = json.dumps(['[{"' * 1000, "\\" * 999, '"' * 999])
    assert parse_json(text, "j") == json.loads(text)


@pytest.mark.parametrize("unfinished", ['"' + "\\" * 400_001, '\\"' * 400_000, '"[' * 400_001])
def test_looking_for_depth_costs_one_pass(unfinished: str) -> None:
    """Counted in matches of the pattern: a string that never ends is one, not one for each of its quotes."""
    from bifente.documents.jsontext import _TOKEN

    assert sum(len(found[0]) for found in _TOKEN.finditer(unfinished)) <= len(unfinished)
    with pytest.raises(DocumentError):
        parse_json(unfinished + "[" * (MAX_DEPTH + 1), "j")


def test_a_name_that_stands_twice_is_found_in_one_pass() -> None:
    hashed = 0

    class Counted(str):
        __slots__ = ()

        def __hash__(self) -> int:
            nonlocal hashed
            hashed += 1
            return super().__hash__()

    from bifente.documents.jsontext import _object

    names = [Counted(number) for number in range(1000)]
    with pytest.raises(ValueError, match="'999' stands twice"):
        _object([(name, 1) for name in [*names, Counted(999)]])
    assert hashed <= 5 * len(names)


def fields(text: str) -> Fields:
    return Fields(parse_json(text, "j"), "j")


GOOD = '{"t": "x", "i": 3, "f": 1.5, "b": true, "d": "2026-02-28", "l": [{"t": "y"}], "s": ["a"], "m": {"k": "v"}}'


def test_fields_of_an_object() -> None:
    found = fields(GOOD)
    assert (found.text("t"), found.integer("i", 1, 3), found.number("f"), found.truth("b")) == (
        "x",
        3,
        1.5,
        True,
    )
    assert found.day("d").isoformat() == "2026-02-28"
    assert [one.text("t") for one in found.objects("l")] == ["y"]
    assert (found.texts("s"), found.text_map("m"), found.has("none")) == (["a"], {"k": "v"}, False)
    found.end()


@pytest.mark.parametrize(
    ("take", "complaint"),
    [
        (lambda one: one.text("i"), "j: i: a string was expected"),
        (lambda one: one.text("none"), "j: none: is missing"),
        (lambda one: one.integer("b"), "j: b: an integer was expected"),
        (lambda one: one.integer("i", 4), "j: i: an integer from 4 was expected"),
        (lambda one: one.integer("i", 0, 2), "j: i: an integer from 0 to 2 was expected"),
        (lambda one: one.number("t"), "j: t: a number was expected"),
        (lambda one: one.truth("i"), "j: i: true or false was expected"),
        (lambda one: one.day("t"), "j: t: a date AAAA-MM-JJ was expected"),
        (lambda one: one.items("m"), "j: m: a list was expected"),
        (lambda one: one.texts("l"), "j: l[1]: a string was expected"),
        (lambda one: list(one.objects("s")), "j: s[1]: an object was expected"),
        (lambda one: [item.text("z") for item in one.objects("l")], "j: l[1].z: is missing"),
        (lambda one: one.object("t"), "j: t: an object was expected"),
        (lambda one: one.end(), "j: t: is not known here"),
    ],
)
def test_a_wrong_field_is_named_with_its_place(take, complaint) -> None:
    with pytest.raises(DocumentError) as caught:
        take(fields(GOOD))
    assert str(caught.value) == complaint


@pytest.mark.parametrize("day", ["20260228", "2026-02-30", "2026-W09-6", ""])
def test_a_day_has_one_form(day: str) -> None:
    with pytest.raises(DocumentError):
        fields(json.dumps({"d": day})).day("d")
