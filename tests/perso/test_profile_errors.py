"""What a wrong profile is told: each problem with its line and field, none of its values."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.applets.perso import PersoError, ProfileError, parse_profile, read_profile
from bifente.documents.yamltext import parse_yaml, write_yaml
from bifente.layouts.registry import kinds

KINDS = ", ".join(kinds())

GOOD_CPS = """\
kind: cps3
card: CPS
holder:
  national_id: "899700000013"
  family_name: EXEMPLE
  given_name: CAMILLE
  civility: 22
  profession: 10
"""

GOOD_VITALE = """\
kind: vitale2
assure:
  nir: "1851399123456"
beneficiaires:
  - nom: EXEMPLE
    prenom: ALEX
    date_naissance: 1985-13-07
    droits:
      - debut: 2020-01-01
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        parse_profile(text, "p.yaml")
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    "good",
    [GOOD_CPS, GOOD_VITALE, "kind: t1test\n", "kind: t1test\natr: 3B00\n", "kind: t1test\natr: 3b800181\n"],
)
def test_small_profiles_are_enough(good):
    parse_profile(good, "p.yaml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "p.yaml:1: a profile is a mapping that begins with kind: …"),
        ("- kind: cps3\n", "p.yaml:1: a profile is a mapping that begins with kind: …"),
        ("# nothing\n\ncard: CPS\n", f"p.yaml:1: kind: one of {KINDS} expected"),
        ("a: 1\nkind: cps9\n", f"p.yaml:2: kind: one of {KINDS} expected"),
        ("kind: [cps3]\n", f"p.yaml:1: kind: one of {KINDS} expected"),
        ("kind: t1test\nkind: cps3\n", "p.yaml:2: kind: stands twice"),
        ("kind: t1test\nserial: &a '1'\natr: *a\n", "p.yaml:3: atr: aliases are not taken: write the value again"),
        ("kind: t1test\nserial: !!python/object:os.system 1\n", "p.yaml:2: serial: the tag tag:yaml.org,2002:python/object:os.system is not taken"),
        ("kind: t1test\n[1]: 2\n", "p.yaml:2: a key is a text"),
        ("kind: t1test\n  card: x\n", "p.yaml:2: not YAML: mapping values are not allowed here"),
        ("kind: t1test\nserial: 'x\n", "p.yaml:3: not YAML: found unexpected end of stream"),
        ("kind: t1test\nserial: 1234567\n", "p.yaml:2: serial: 8 digits expected"),
        ("kind: t1test\nserial: [1]\n", "p.yaml:2: serial: a text expected"),
        ("kind: t1test\ncontent: ABC\n", "p.yaml:2: content: pairs of hexadecimal digits expected"),
        ("kind: t1test\natr: ''\n", "p.yaml:2: atr: not an ATR: an ATR has at least 2 bytes, this one 0"),
        ("kind: t1test\natr: 3B0\n", "p.yaml:2: atr: pairs of hexadecimal digits expected"),
        ("kind: t1test\natr: 3C00\n", "p.yaml:2: atr: not an ATR: TS is 3B or 3F, not 3C"),
        ("kind: t1test\natr: 3B02AA\n", "p.yaml:2: atr: not an ATR: 2 historical bytes are announced, 1 are there"),
        ("kind: t1test\n\natr: 3B8801424946454E544531EE\n", "p.yaml:3: atr: not an ATR: TCK is EE, it should be EF"),
        ("kind: t1test\natr: 3B8801424946454E544531\n", "p.yaml:2: atr: not an ATR: TCK is missing, it should be EF"),
        (f"kind: t1test\natr: 3B0F{'AA' * 32}\n", "p.yaml:2: atr: not an ATR: an ATR has at most 33 bytes, this one 34"),
        ("kind: t1test\nenvironment: test\n", "p.yaml:2: environment: is not known here"),
    ],
)  # fmt: skip
def test_documents_that_are_no_profile(text, expected):
    assert problems(text) == [expected]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("card: CPS", "card: CPX", "2: card: 'CPS', 'CPF', 'CDE', 'CPE' or 'CPA' expected"),
        ("  civility: 22\n", "", "3: holder.civility: is missing"),
        ("civility: 22", "civility: 222", "7: holder.civility: a code of table G03 expected: 01, 13"),
        ("civility: 22", "civilité: 22", "3: holder.civility: is missing"),
        ("profession: 10", "profession: 11", "8: holder.profession: a code of table G15 expected"),
        ('"899700000013"', '"8997000000137"', "4: holder.national_id: PS_IdNat: type 8 has 11 characters"),
        ("EXEMPLE", '"A\\nB"', "5: holder.family_name: a text of one line expected"),
        ("card: CPS\n", "card: CPS\npin: 12\n", "3: pin: 4 to 8 digits expected"),
        ("card: CPS\n", "card: CPS\npuk: 1234567\n", "3: puk: 8 digits expected"),
        ("card: CPS\n", "card: CPS\nissued: 2026-02-30\n", "3: issued: a day of the calendar"),
        ("card: CPS\n", "card: CPS\nissued: 1\n", "3: issued: a day of the calendar"),
        ("card: CPS\n", "card: CPS\nactivities: {17: {}}\n", "3: activities.17: 16 or less expected"),
        ("card: CPS\n", "card: CPS\ndata: 00G0\n", "3: data: pairs of hexadecimal digits expected"),
        ("card: CPS\n", f"card: CPS\ndata: '{'00' * 65}'\n", "3: data: at most 64 bytes expected, not 65"),
        ("card: CPS\n", "card: CPS\nkeys: {sheet: x}\n", "3: keys.sheet: x: No such file"),
        ("card: CPS\n", "card: CPS\nkeys: {signature: -----BEGIN}\n", "3: keys.signature: not an unencrypted"),
        ("card: CPS\n", "card: CPS\nkeys: 3\n", "3: keys: "),
        ("  profession: 10\n", "", "3: holder: the holder of a CPS has a profession"),
        ("card: CPS", "card: CPF", "8: holder.profession: the holder of a CPF has a future_profession"),
        ("card: CPS", "card: CPA", "8: holder.profession: the holder of a CPA has no profession"),
        ("card: CPS\n", "card: CPS\nissued: 2026-01-02\nexpires: 2026-01-01\n", "4: expires: lies before issued"),
        ("card: CPS\n", "card: CPS\nactivities: {1: {numero_logique: 1}}\n", "3: activities.1.mode_exercice: is missing"),
        ("card: CPS\n", "card: CPS\nstructure:\n  id: '1399900001'\n  name: A\n  department: Paris (75)\n", "3: structure: a CPS has no"),
        ("card: CPS\n", "card: CPS\nactivities:\n  3:\n    numero_logique: 1\n    debut: yesterday\n", "6: activities.3.debut: "),
        ("card: CPS\n", "card: CPS\nbilling:\n  - numero_logique: 1\n  - numero_logique: 2\n    signe_lotx: 1\n", "6: billing[2].signe_lotx: is not known here"),
        ("card: CPS\n", "card: CPS\nbilling: 3\n", "3: billing: a list expected"),
        ("card: CPS\n", "card: CPS\nfiles: {CPS_DATA: FF}\n", "3: files.CPS_DATA: a mapping of fields expected"),
        ("card: CPS\n", "card: CPS\nfiles:\n  CPS_DATA: {raw: FF}\n  NOPE: {raw: FF}\n", "5: files.NOPE: is not a file of this card"),
        ("card: CPS\n", "card: CPS\nfiles:\n  D105:\n    value: {}\n", "4: files.D105: is not a file of this card"),
        ("card: CPS\n", "card: CPS\nfiles:\n  3F00/0001/D105:\n    value:\n      nom: A\n      civilite: 22\n      prenoms: [A]\n", "7: files.3F00/0001/D105.value.civilite: "),
        ("card: CPS\n", "card: CPS\nbilling: [{numero_logique: 300}]\n", "3: billing[1].numero_logique: a number"),
    ],
)  # fmt: skip
def test_wrong_fields_of_a_professional(old, new, expected):
    assert old in GOOD_CPS
    found = problems(GOOD_CPS.replace(old, new, 1))
    assert any(line.startswith(f"p.yaml:{expected}") for line in found), found


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"1851399123456"', '"185139912345"', "3: assure.nir: NIR: 13 characters"),
        ("date_naissance: 1985-13-07", "date_naissance: 1985-13", "7: beneficiaires[1].date_naissance: a date"),
        ("nom: EXEMPLE", "nom: Ł", "5: beneficiaires[1].nom: a text of one line in Latin-1"),
        ("    droits:\n      - debut: 2020-01-01\n", "", "5: beneficiaires[1]: a bénéficiaire has a period"),
        ("      - debut: 2020-01-01\n", "      - fin: 2020-01-01\n", "9: beneficiaires[1].droits[1].debut: is missing"),
        ("kind: vitale2", "kind: vitale2\ngroups: [{group: 101, fields: []}]", "2: groups: a carte Vitale has assure"),
        ("kind: vitale2", "kind: vitale2\nvolet_urgence: {medecin: 1}", "2: volet_urgence.medecin: is not known here"),
        ("kind: vitale2", "kind: vitale2\nvolet_urgence:\n  personnes_a_prevenir:\n    - {nom: A, telephone: '01'}\n    - nom: B\n      telephone: x\n", "6: volet_urgence.personnes_a_prevenir[2].telephone: a telephone number"),
        ("kind: vitale2", "kind: vitale2\nvolet_medical:\n  allergies:\n    - reaction: B\n", "4: volet_medical.allergies[1].substance: is missing"),
        ("kind: vitale2", "kind: vitale2\nexpires: 2020-01-01\nissued: 2021-01-01", "2: expires: lies before issued"),
        ("kind: vitale2", "kind: vitale2\nserial: 1234567", "2: serial: 8 or 9 digits expected"),
        ("prenom: ALEX", "prenom: ALEX\n    mutuelle: {identification: 1}", "7: beneficiaires[1].mutuelle.identification: 8 digits"),
    ],
)  # fmt: skip
def test_wrong_fields_of_a_vitale(old, new, expected):
    assert old in GOOD_VITALE
    found = problems(GOOD_VITALE.replace(old, new, 1))
    assert any(line.startswith(f"p.yaml:{expected}") for line in found), found


ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@pytest.mark.parametrize(
    ("good", "old", "new"),
    [
        ("kind: t1test\n", "t1test\n", "t1test\nserial: '12345678'\n"),
        (GOOD_CPS, "card: CPS\n", "card: CPS\nserial: '12345678'\n"),
        (GOOD_CPS, "card: CPS\n", "card: CPS\npin: '1234'\n"),
        (GOOD_CPS, "card: CPS\n", "card: CPS\npuk: '12345678'\n"),
        (GOOD_CPS, "card: CPS\n", "card: CPS\nissued: '2026-01-01'\n"),
        (GOOD_CPS, "card: CPS\n", "card: CPS\ndata: '1234'\n"),
        (GOOD_CPS, '"899700000013"', "'899700000013'"),
        (GOOD_CPS, "civility: 22", "civility: '22'"),
        (GOOD_VITALE, "kind: vitale2\n", "kind: vitale2\nserial: '123456789'\n"),
        (GOOD_VITALE, '"1851399123456"', "'1851399123456'"),
        *(
            (GOOD_VITALE, "assure:\n", f"assure:\n  {field}\n")
            for field in ("cle: '12'", "regime: '01'", "caisse: '349'", "centre: '9881'")
        ),
        *(
            (GOOD_VITALE, "prenom: ALEX\n", f"prenom: ALEX\n    {field}\n")
            for field in ("rang: '1'", "qualite: '0'", "mutuelle: {identification: '12345678'}")
        ),
        (GOOD_VITALE, "1985-13-07", "'1985-13-07'"),
        (GOOD_VITALE, "kind: vitale2\n", "kind: vitale2\naccidents_travail: [{organisme: '013490000'}]\n"),
        (GOOD_VITALE, "    droits:\n", "    couvertures: [{situation: '0100'}]\n    droits:\n"),
        (GOOD_VITALE, "    droits:\n", "    couvertures: [{ald: '1'}]\n    droits:\n"),
    ],
)
def test_digits_are_those_of_ascii(good, old, new):
    """What str.isdigit() and \\d take beside them has no place on a card."""
    assert old in good
    parse_profile(good.replace(old, new, 1), "p.yaml")
    quote = new.index("'")
    digits = new[quote:].translate(ARABIC)
    assert len(problems(good.replace(old, new[:quote] + digits, 1))) == 1


def test_groups_in_a_wrong_order():
    text = "kind: vitale2\ngroups:\n  - {group: 104, fields: [A]}\n"
    assert problems(text)[0].startswith("p.yaml:3: groups[1]: group 104")


def test_which_group_stands_in_the_wrong_place():
    group = "  - group: {0}\n    fields: [{1}]\n"
    text = "kind: vitale2\ngroups:\n" + "".join(
        group.format(number, ", ".join(["''"] * size)) for number, size in ((101, 14), (103, 9), (102, 3))
    )
    assert problems(text) == ["p.yaml:7: groups[3]: group 102: cannot stand after group 103"]


def test_every_wrong_situation_is_told():
    text = GOOD_CPS + (
        "activities:\n"
        "  1: {numero_logique: 1, mode_exercice: 04, debut: x, secteur: SA07}\n"
        "  2: {numero_logique: 1, mode_exercice: 04, fin: x, secteur: SA07}\n"
        "billing:\n"
        "  - {numero_logique: x}\n"
    )
    assert [line.split(": ")[0] for line in problems(text)] == ["p.yaml:10", "p.yaml:11", "p.yaml:13"]


def test_all_problems_are_told_at_once_in_the_order_of_the_lines():
    text = GOOD_CPS.replace("profession: 10", "profession: 99").replace("CAMILLE", "''") + "other: 1\n"
    assert [line.split(": ")[0] + " " + line.split(": ")[1] for line in problems(text)] == [
        "p.yaml:6 holder.given_name",
        "p.yaml:8 holder.profession",
        "p.yaml:9 other",
    ]


def test_no_value_is_repeated():
    """A profile may hold a PIN or the name of a person in the wrong place."""
    text = GOOD_CPS + "pin: SECRET-PIN\npuk: [SECRET-PUK]\nlanguages: SECRET-NAME\n"
    assert "SECRET" not in "\n".join(problems(text))


def test_codes_need_no_quotes_and_keep_their_zeros():
    text = GOOD_CPS + (
        "serial: 00000042\n"
        "activities:\n  3: {numero_logique: 1, mode_exercice: 04, debut: 2024-02-01, secteur: SA07}\n"
    )
    profile = parse_profile(text, "p.yaml")
    assert profile.serial == "00000042"
    assert profile.activities[3].model_dump(exclude_none=True) == {
        "numero_logique": 1,
        "mode_exercice": "04",
        "debut": "202402010000",
        "secteur": "SA07",
    }


def test_dates_of_the_rights_are_loose():
    text = GOOD_VITALE.replace("debut: 2020-01-01", "debut: 20201900\n        fin: 2020-01-01T12:30")
    assert parse_profile(text, "p.yaml").beneficiaires[0].droits[0].model_dump() == {
        "debut": "202019000000",
        "fin": "202001011230",
    }


def test_deep_documents_end_with_an_error():
    assert "nested too deeply" in problems("kind: t1test\nx: " + "[" * 60 + "]" * 60)[0]
    assert "nested too deeply" in problems("[" * 100_000)[0]


def test_large_documents_are_not_read():
    assert "longer than 1 MiB" in problems("#" * (5 << 20))[0]


def test_files_that_are_no_text(tmp_path):
    file = tmp_path / "p.yaml"
    file.write_bytes(b"kind: t1test\n\nserial: \xff\n")
    with pytest.raises(ProfileError, match=r"p\.yaml:3: not UTF-8"):
        read_profile(str(file))
    with pytest.raises(FileNotFoundError):
        read_profile(str(tmp_path / "none.yaml"))
    with pytest.raises(PersoError, match="no shipped profile 'none'"):
        read_profile("none")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), json_values, max_size=4)
)
def test_what_is_written_reads_back(value):
    assert parse_yaml(write_yaml(value), "x").value == value


@given(st.text(max_size=60))
def test_any_text_is_a_document_or_a_profile_error(text):
    with suppress(ProfileError):
        parse_profile(text, "x")


def test_the_files_of_the_documentation():
    page = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(files:.*?)```", page, re.DOTALL)
    assert set(parse_profile(GOOD_CPS + example, "p.yaml").files) == {
        "CPS_LANG_PS",
        "3F00/0001/D107",
        "CPS_SIT_FACT",
    }
