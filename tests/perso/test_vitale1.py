"""The carte Vitale 1 as a file: up to nineteen people, 4 KB, and what of an official content does not fit."""

import pytest

from bifente.applets.families.vitale2.exporter import groups_of
from bifente.applets.families.vitale2.importer import imported_profile, read_content
from bifente.applets.perso import parse_profile
from bifente.applets.perso.cardrecords import content_bytes, layout_of
from bifente.applets.perso.edit import change
from bifente.applets.perso.edit.compare import compare
from bifente.applets.perso.edit.view import view
from bifente.applets.perso.memory import CardFull
from bifente.layouts.cards.vitale1 import MEMORY
from bifente.ssv import wire

PERSON = """
  - nom: EXEMPLE-NUMERO
    prenom: {name}
    date_naissance: 2001-13-01
    qualite: {quality}
    droits: [{{debut: 2020-01-01}}]
    couvertures: [{{situation: "0100"}}]
"""
HEAD = 'kind: vitale1\nserial: "19999991"\nassure: {nir: "1681399512345"}\nbeneficiaires:'


def _family(size: int, name: str = "ALIX") -> str:
    return HEAD + "".join(PERSON.format(name=name, quality=6 if number else 0) for number in range(size))


def test_nineteen_people_fit_on_it(make) -> None:
    records = make(parse_profile(_family(19), "family.yaml"))
    assert len([name for name in records if name.startswith("file/3F00/22")]) == 19
    assert sum(group.id == 104 for group in groups_of(records)) == 19


def test_what_does_not_fit_is_named(make) -> None:
    with pytest.raises(CardFull) as refused:
        make(parse_profile(_family(19, "ALIX" * 40), "family.yaml"))
    said = str(refused.value)
    assert f"has {MEMORY} bytes of memory, this content takes " in said
    assert "BEN19 do not (SSV groups 104 to 111 of bénéficiaire " in said
    assert "make a carte Vitale 2 of it" in refused.value.hint


def test_a_change_may_not_fill_it_either(make) -> None:
    from bifente.applets.perso.memory import check_memory

    records = make(parse_profile(_family(19), "family.yaml"))
    changed = {**records, **change.set_field(records, "BEN19/104/3", "ALIX" * 400)}
    with pytest.raises(CardFull, match="BEN19 does not"):
        check_memory(changed)


def test_all_official_contents_go_onto_one_or_are_too_large(virtual_cards, make) -> None:
    """One of the 106 has more than 4 KB; no other reason refuses any."""
    refused = []
    for file in virtual_cards:
        groups = read_content(file).groups
        try:
            records = make(imported_profile(groups, file.name, generation=1))
        except CardFull:
            assert len(wire.encode(groups)) > MEMORY
            refused.append(file.name)
        else:
            assert groups_of(records) == groups
    assert refused == ["ct04.in"]


def test_it_is_shown_with_its_memory_and_without_its_keys(make) -> None:
    records = make("vitale1-family")
    seen = view(records)
    assert seen.memory is not None
    assert f"of {MEMORY} bytes taken" in seen.memory
    assert "synthetic" in seen.memory
    assert seen.root is not None
    assert [key.secret for key in seen.root.keys] == ["triple DES, this card's own"] * 2
    told = repr(seen)
    assert not any(records[name].hex() in told.lower() for name in records if name.startswith("secret/"))
    assert all("synthetic" in file.source for file in seen.root.files)


def test_two_cards_of_a_profile_differ_in_number_and_keys(make) -> None:
    one, other = make("vitale1-family"), make("vitale1-family")
    differing = {one.where for one in compare(one, other)}
    assert {"serial", "secret/3F00/01", "secret/3F00/02", "EF.PAN/numero"} <= differing
    assert not any(where.startswith("BEN") for where in differing)


def test_what_everybody_may_read_is_what_the_card_shows(make) -> None:
    records = make("vitale1-family")
    node = layout_of(records).file("3F00/2002")
    assert content_bytes(records, node, "3F00/2002") == (
        bytes.fromhex("652B800D") + b"EXEMPLE-FABRE" + b"\x81\x09DOMINIQUE" + b"\x93\x0f168139951234579"
    )
