"""What every reader of YAML has in common; tests/perso and tests/reader try the documents themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.documents import DocumentError
from bifente.documents.yamltext import (
    MAX_DEPTH,
    MAX_NODES,
    parse_yaml,
    text_scalar,
    truth_scalar,
)


def test_plain_scalars_mean_what_the_caller_says() -> None:
    text = "[12, 012, true, yes, null, ~, 6300, '12', 2026-01-31, -0, 1e3]"
    assert parse_yaml(text, "y").value == [
        12, "012", True, "yes", None, None, 6300, "12", "2026-01-31", "-0", "1e3",
    ]  # fmt: skip
    assert parse_yaml(text, "y", plain=text_scalar).value == [
        "12", "012", "true", "yes", "null", "~", "6300", "12", "2026-01-31", "-0", "1e3",
    ]  # fmt: skip
    assert parse_yaml("[true, 'true', 1]", "y", plain=truth_scalar).value == [True, "true", "1"]


def test_lines_of_parts() -> None:
    document = parse_yaml("a:\n  - 1\n  - b:\n      c: 2\n", "y")
    assert [document.line(place) for place in ((), ("a",), ("a", 1, "b", "c"), ("a", 7), ("z",))] == [
        1, 1, 4, 1, 1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[" * 500_000, "y:1: nested too deeply"),
        ("{a: " * 100_000, "y:1: nested too deeply"),
        ("- " * 100_000, "y:1: nested too deeply"),
        ("".join(f"{' ' * level}a:\n" for level in range(200)), f"y:{MAX_DEPTH + 1}: nested too deeply"),
        ("- a\n" * (MAX_NODES + 5), f"y:{MAX_NODES}: more than {MAX_NODES} parts"),
        ("#" * (2 << 20), "y: longer than 1 MiB, the most that is read here"),
        ("a: &x [1]\nb: *x", "y:2: b: aliases are not taken: write the value again"),
        ("&x [*x]", "y:1: [1]: aliases are not taken"),
        ("a: 1\n---\nb: 2", "y:2: not YAML: "),
        ("a: !!binary AA==", "y:1: a: the tag tag:yaml.org,2002:binary is not taken"),
        ("a: {b: 1, b: 2}", "y:1: a.b: stands twice"),
    ],
)
def test_what_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_yaml(text, "y")
    assert str(caught.value).startswith(complaint)


@given(st.text(max_size=80) | st.text("[]{}:-,&*!?|>'\"#% \nab1", max_size=80))
def test_any_text_is_a_document_or_one_line(text: str) -> None:
    complaint = "y:"
    try:
        parse_yaml(text, "y")
    except DocumentError as error:
        complaint = str(error)
    assert complaint.startswith("y:")
    assert "\n" not in complaint
