"""SGD from C: groups and fields written and read one by one, and each of its codes."""

import pytest

from bifente.sesam.zones import ZoneGroup, decode_zone, encode_zone


@pytest.fixture
def one(speaker):
    return speaker()


def hexed(text: str) -> str:
    return text.encode("latin-1").hex().upper()


def test_groups_that_were_written_are_read_in_their_order(one) -> None:
    assert one("SGD_ReserverSession 5000") == ["0000", "1"]
    for call in (
        "SGD_AjouterGroupe 1 1110",
        "SGD_AjouterChamp 1 000000123",
        "SGD_AjouterChamp 1 -",
        "SGD_AjouterGroupe 1 1120",
        "SGD_AjouterChampBin 1 00FF",
        "SGD_AjouterGroupe 1 1110",
    ):
        assert one(call) == ["0000"], call
    assert one("SGD_LireGroupeSuivant 1 0 0") == ["0000", "1110", "1"]
    assert one("SGD_LireGroupeSuivant 1 1110 1") == ["0000", "1120", "1"]
    assert one("SGD_LireGroupeSuivant 1 1120 1") == ["0000", "1110", "2"]
    assert one("SGD_LireGroupeSuivant 1 1110 2")[0] == "F80B"
    assert one("SGD_LireChamp 1 1110 1 1") == ["0000", "9", hexed("000000123")]
    assert one("SGD_LireChamp 1 1110 1 2") == ["0000", "0", ""]
    assert one("SGD_LireChampBin 1 1120 1 1") == ["0000", "2", "00FF"]


def test_what_is_not_there_has_a_code(one) -> None:
    one("SGD_ReserverSession 100")
    assert one("SGD_AjouterChamp 1 text") == ["F809"], "no group yet"
    one("SGD_AjouterGroupe 1 60")
    assert one("SGD_AjouterGroupe 1 0") == ["F802"]
    assert one("SGD_AjouterChamp 1 ~") == ["F802"]
    one("SGD_AjouterChamp 1 abc")
    assert one("SGD_LireChamp 1 60 1 1 2") == ["F800", "3", ""], "too small; it says what it needs"
    assert one("SGD_LireChamp 1 60 1 1 3") == ["0000", "3", hexed("abc")]
    assert one("SGD_LireChamp 1 60 1 2")[0] == "F805"
    assert one("SGD_LireChamp 1 60 2 1")[0] == "F806"
    assert one("SGD_LireChamp 1 61 1 1")[0] == "F805"
    assert one("SGD_LireGroupeSuivant 1 61 1")[0] == "F805"
    assert one(f"SGD_AjouterChamp 1 {'x' * 100}") == ["F804"], "the zone is full"
    assert one("SGD_RedimensionnerBuffer 1 300") == ["0000"]
    assert one(f"SGD_AjouterChamp 1 {'x' * 100}") == ["0000"]
    assert one("SGD_RedimensionnerBuffer 1 20") == ["F804"]
    assert one("SGD_RedimensionnerBuffer 1 0") == ["F802"]
    for call in (
        "SGD_LibererSession 7",
        "SGD_AjouterGroupe 7 1",
        "SGD_LireChamp 7 1 1 1",
        "SIS_LireConfig 7",
    ):
        one("SSV_InitLIB")
        assert one(call)[0] == "F807", call
    assert one("SGD_LibererSession 1") == ["0000"]
    assert one("SGD_LireGroupeSuivant 1 0 0")[0] == "F807"


def test_sessions_end_somewhere(one, speaker) -> None:
    assert one("SGD_ReserverSession 0")[0] == "F802"
    assert one("SGD_ReserverSession 0x7fffffffffff")[0] == "F802"
    assert one("SGD_ReserverSession 100 nowhere")[0] == "F800"
    numbers = [one("SGD_ReserverSession 100") for _ in range(64)]
    assert [code for code, _ in numbers] == ["0000"] * 64
    assert one("SGD_ReserverSession 100")[0] == "F80A"
    assert speaker()("SGD_ReserverSession 100") == ["0000", "1"], "another process has its own"


def test_fields_from_and_into_files(one, tmp_path) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.write_bytes(bytes(range(256)))
    one("SGD_ReserverSession 5000")
    one("SGD_AjouterGroupe 1 5")
    assert one(f"SGD_AjouterChampFichier 1 {source}") == ["0000"]
    assert one(f"SGD_LireChampFichier 1 5 1 1 {target}") == ["0000"]
    assert target.read_bytes() == bytes(range(256))
    assert one(f"SGD_AjouterChampFichier 1 {tmp_path}/none") == ["F802"]
    assert one(f"SGD_LireChampFichier 1 5 1 1 {tmp_path}/none/x") == ["F800"]
    assert one(f"SGD_LireChampFichier 1 5 1 9 {target}") == ["F805"]


def test_what_is_read_comes_into_the_session(one) -> None:
    one("SSV_InitLIB")
    one("SGD_ReserverSession 5000")
    assert one("SIS_LireConfig 1") == ["0000"]
    seen, group, occurrence = [], "0", "0"
    while (answer := one(f"SGD_LireGroupeSuivant 1 {group} {occurrence}"))[0] == "0000":
        _, group, occurrence = answer
        seen.append(int(group))
    assert answer[0] == "F80B"
    assert seen == [60, 61, 62, 63, 64]
    assert one("SGD_LireChamp 1 61 1 8")[2] == hexed("202611231030"), "the clock of the reader"
    one("SGD_RedimensionnerBuffer 1 100")
    one("SGD_ReserverSession 20")
    assert one("SIS_LireConfig 2") == ["F804"], "the zone is too small"


def test_a_trace_names_calls_and_codes(one, tmp_path) -> None:
    trace = tmp_path / "trace"
    assert one(f"SGD_InitTrace {trace} w 0 1") == ["0000"]
    one("SGD_ReserverSession 5000")
    one("SGD_LibererSession 9")
    assert [line.split(" ")[1:3] for line in trace.read_text().splitlines()] == [
        ["SGD_ReserverSession", "0000"],
        ["SGD_LibererSession", "F807"],
    ]
    assert one(f"SGD_InitTrace {trace} x 0 1") == ["D200"]
    assert one(f"SGD_InitTrace {tmp_path}/none/trace a 0 1") == ["D201"]
    assert one("SGD_InitTrace ~ ~ 0 0") == ["0000"]


def test_the_zone_of_any_groups() -> None:
    groups = [
        ZoneGroup(1110, (b"a" * 200, b"", b"\0\xff")),
        ZoneGroup(65535, ()),
        ZoneGroup(2, (b"b" * 300,)),
    ]
    assert decode_zone(encode_zone(groups)) == groups
    assert decode_zone(encode_zone(groups) + bytes(40)) == groups
