"""One resolver for readers and slots: whole name, number, a part that no other has; else a list of what there is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.reader.choose import AmbiguousName, NoSuchName, choose

NAMES = ["Lecteur [CPS] 00 00", "Lecteur [Vitale] 00 01", "lecteur [cps] 01 00", "1", "Lecteur"]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ("Lecteur [CPS] 00 00", 0),
        ("lecteur [vitale] 00 01", 1),
        ("vitale", 1),
        ("[cps] 01", 2),
        ("1", 3),  # a whole name comes before a number
        ("2", 1),
        ("5", 4),
        ("Lecteur", 4),  # a whole name comes before a part
    ],
)
def test_what_is_meant(wanted: str, index: int) -> None:
    assert choose("slot", wanted, NAMES) == index


@pytest.mark.parametrize("wanted", ["XX", "", "0", "6", "-1", "99999999999999999999", "\u0662", "Lecteur "])
def test_what_is_not_there_lists_what_is(wanted: str) -> None:
    kind = AmbiguousName if wanted in ("0", "Lecteur ") else NoSuchName
    with pytest.raises(kind) as caught:
        choose("slot", wanted, NAMES)
    assert "1 Lecteur [CPS] 00 00, 2 Lecteur [Vitale] 00 01" in str(caught.value)


def test_what_may_be_several_lists_them() -> None:
    with pytest.raises(AmbiguousName) as caught:
        choose("reader", "CPS", NAMES)
    assert str(caught.value) == ("reader 'CPS' may be any of: 1 Lecteur [CPS] 00 00, 3 lecteur [cps] 01 00")
    assert "number" in caught.value.hint
    with pytest.raises(AmbiguousName):
        choose("slot", "cps", ["CPS", "Cps"])


def test_nothing_there() -> None:
    with pytest.raises(NoSuchName, match="no reader 'A', and no other either"):
        choose("reader", "A", [])
    with pytest.raises(NoSuchName, match=r"there is: 1 .without a name."):
        choose("slot", "A", [""])
    assert choose("slot", "", [""]) == choose("slot", "1", [""]) == 0


@given(st.lists(st.text(max_size=6), max_size=6), st.text(max_size=4))
def test_any_names(names: list[str], wanted: str) -> None:
    try:
        index = choose("slot", wanted, names)
    except (NoSuchName, AmbiguousName):
        assert wanted not in names
    else:
        assert 0 <= index < len(names)
        folded = names[index].casefold()
        assert wanted.casefold() in folded or int(wanted) == index + 1


@given(st.lists(st.text(max_size=6), max_size=6))
def test_each_name_means_itself(names: list[str]) -> None:
    for name in names:
        assert names[choose("slot", name, names)] == name
