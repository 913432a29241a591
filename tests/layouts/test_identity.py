"""Identity, NIR, serial numbers, file map, EF.DIR and EF_ACTUA against the public bytes and themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bifente.apdu import tlv
from bifente.layouts.codec import Codec
from bifente.layouts.codecs import identity
from bifente.layouts.errors import LayoutError

LATIN = st.text(st.characters(codec="latin-1"), max_size=27)
DATES = st.text("0123456789", min_size=8, max_size=8)
IDENTITIES = st.fixed_dictionaries(
    {"porteur": st.fixed_dictionaries({"nom": LATIN, "prenoms": LATIN, "date_naissance": DATES})}
)
NIRS = st.fixed_dictionaries(
    {
        "assure": st.fixed_dictionaries(
            {
                "pays": st.sampled_from(["FRA", "FR", ""]),
                "nir": st.from_regex(r"[1-8][0-9]{4}([0-9]{2}|2[AB])[0-9]{8}", fullmatch=True),
            }
        ),
        "carte": st.fixed_dictionaries({"debut_validite": DATES}),
    }
)
SERIALS = st.fixed_dictionaries(
    {
        "emetteur": st.text("0123456789", min_size=10, max_size=10),
        "numero": st.text("0123456789", min_size=8, max_size=9),
        "cle": st.sampled_from("0123456789"),
    }
)
POINTERS = st.integers(1, 4).flatmap(
    lambda count: st.fixed_dictionaries(
        {
            "applications": st.lists(
                st.fixed_dictionaries(
                    {
                        "id": st.integers(0, 0xFFFF),
                        "reserved": st.integers(0, 0xFFFF),
                        "aid": st.binary(min_size=1, max_size=16).map(lambda raw: raw.hex().upper()),
                    }
                ),
                min_size=count,
                max_size=count,
            ),
            "files": st.lists(
                st.fixed_dictionaries(
                    {
                        "name": st.from_regex(r"[A-Z0-9]{1,8}", fullmatch=True),
                        "application": st.integers(0, count - 1),
                        "fid": st.binary(min_size=2, max_size=2).map(lambda raw: raw.hex().upper()),
                    }
                ),
                max_size=4,
            ),
        }
    ).map(_named)
)
DIRECTORIES = st.lists(
    st.fixed_dictionaries(
        {"aid": st.binary(min_size=5, max_size=16).map(lambda raw: raw.hex().upper())},
        optional={"label": LATIN, "path": st.just("3F000001"), "ddo": st.just({"aid": "A000"})},
    ),
    max_size=3,
)
MOMENTS = st.fixed_dictionaries(
    {}, optional={key: st.text("0123456789", min_size=14, max_size=14) for key in ("debut", "fin")}
)
FACES = st.fixed_dictionaries(
    {
        "nom": LATIN,
        "prenoms": LATIN,
        "nir": st.from_regex(r"[1-8][0-9]{4}([0-9]{2}|2[AB])[0-9]{8}", fullmatch=True),
    }
)
CASES: list[tuple[Codec, st.SearchStrategy]] = [
    (identity.IDENTITY, IDENTITIES),
    (identity.NIR, NIRS),
    (identity.SERIAL, SERIALS),
    (identity.POINTERS, POINTERS),
    (identity.DIRECTORY, DIRECTORIES),
    (identity.ACTUALISATION, MOMENTS),
    (identity.FACE, FACES),
]
NAMES = ["IDENTITY", "NIR", "SERIAL", "POINTERS", "DIRECTORY", "ACTUALISATION", "FACE"]


def _named(value: dict) -> dict:
    for file in value["files"]:
        file["application"] = value["applications"][file["application"]]["id"]
    return value


@pytest.mark.parametrize(("codec", "values"), CASES, ids=NAMES)
@given(data=st.data())
def test_values_come_back(codec: Codec, values: st.SearchStrategy, data: st.DataObject) -> None:
    value = data.draw(values)
    encoded = codec.encode(value)
    assert codec.decode(encoded) == value
    assert codec.encode(codec.decode(encoded)) == encoded


@pytest.mark.parametrize(("codec", "values"), CASES, ids=NAMES)
@given(data=st.data())
def test_cut_content_is_refused(codec: Codec, values: st.SearchStrategy, data: st.DataObject) -> None:
    """Up to padding, and to files that are a list of equal objects, where fewer of them are a value too."""
    encoded = codec.encode(data.draw(values))
    for size in range(1, len(encoded.rstrip(b"\0"))):
        try:
            value = codec.decode(encoded[:size])
        except LayoutError:
            continue
        assert codec is identity.DIRECTORY
        assert codec.encode(value) == encoded[:size]


@pytest.mark.parametrize(("codec", "values"), CASES, ids=NAMES)
@given(garbage=st.binary(max_size=80))
def test_garbage_gives_layout_errors(codec: Codec, values: st.SearchStrategy, garbage: bytes) -> None:
    try:
        value = codec.decode(garbage)
    except LayoutError:
        return
    assert codec.decode(codec.encode(value)) == value


@pytest.mark.parametrize(("codec", "values"), CASES, ids=NAMES)
@pytest.mark.parametrize("wrong", ["x", 3, [1], {"nom": "x"}, {"applications": []}, True], ids=repr)
def test_wrong_values_give_layout_errors(codec: Codec, values: st.SearchStrategy, wrong: object) -> None:
    with pytest.raises(LayoutError):
        codec.encode(wrong)  # type: ignore[arg-type]


def test_the_identity_as_public_readers_take_it_apart() -> None:
    value = {"porteur": {"nom": "DURAND", "prenoms": "ALIX HÉLÈNE", "date_naissance": "19421901"}}
    data = identity.IDENTITY.encode(value)
    assert data[:25] == bytes.fromhex("65 1F 80 06 445552414E44 81 0B 414C49582048C94CC8 4E45 82 08")
    assert data[25:35] == b"19421901\0\0"
    assert len(data) == 0x7C
    assert tlv.find(data[:33], 0x65, 0x81) == "ALIX HÉLÈNE".encode("latin-1")


def test_the_nir_as_public_readers_take_it_apart() -> None:
    value = {"assure": {"pays": "FRA", "nir": "142196296516596"}, "carte": {"debut_validite": "20240101"}}
    data = identity.NIR.encode(value)
    assert data.rstrip(b"\0") == b"\x65\x16\x90\x03FRA\x93\x0f142196296516596\x66\x0a\x80\x0820240101"
    assert len(data) == 64


def test_an_identity_too_long_for_its_file() -> None:
    value = {"porteur": {"nom": "D" * 60, "prenoms": "A" * 60, "date_naissance": "19421901"}}
    with pytest.raises(LayoutError, match="124"):
        identity.IDENTITY.encode(value)


def test_the_public_serial_number_of_a_cps() -> None:
    """5A0A8025000001990000001F is what public notes give; its last digit is not a Luhn key, and is kept."""
    data = bytes.fromhex("5A0A8025000001990000001F")
    value = identity.SERIAL.decode(data)
    assert value == {"emetteur": "8025000001", "numero": "99000000", "cle": "1"}
    assert identity.SERIAL.encode(value) == data
    assert identity.pan(value) == data[2:]


def test_the_key_of_a_serial_number_is_computed_when_it_is_not_given() -> None:
    assert identity.SERIAL.encode({"emetteur": "8025000001", "numero": "99000000"}).hex().upper() == (
        "5A0A8025000001990000009F"
    )
    nine = identity.SERIAL.encode({"emetteur": "8025000002", "numero": "123456789"})
    assert len(nine) == 12
    assert nine[-1] & 0x0F < 10
    assert identity.SERIAL.decode(nine)["numero"] == "123456789"


@pytest.mark.parametrize(
    "value",
    [
        {"emetteur": "802500000", "numero": "99000000"},
        {"emetteur": "8025000001", "numero": "9900000"},
        {"emetteur": "8025000001", "numero": "9900000A"},
        {"emetteur": "8025000001", "numero": "99000000", "cle": "10"},
        {"emetteur": "8025000001", "numero": "99000000", "cle": "A"},
        {"emetteur": "8025000001"},
    ],
)
def test_what_is_no_serial_number(value: dict) -> None:
    with pytest.raises(LayoutError):
        identity.SERIAL.encode(value)


def test_the_file_map_has_the_shape_that_cardpeek_reads() -> None:
    value = {
        "applications": [{"id": 1, "reserved": 0, "aid": "D250000002564954414C45"}],
        "files": [{"name": "PAN", "application": 1, "fid": "2F02"}],
    }
    expected = bytes.fromhex(
        "E0 21 A0 11 82 0F 0001 0000 D250000002564954414C45 80 0C 50414E2020202020 0001 2F02"
    )
    assert identity.POINTERS.encode(value) == expected
    assert identity.POINTERS.decode(expected) == value
    del value["applications"][0]["reserved"]
    assert identity.POINTERS.encode(value) == expected


@pytest.mark.parametrize(
    "file",
    [
        {"name": "PAN", "application": 2, "fid": "2F02"},
        {"name": "NAMEISTOOLONG", "application": 1, "fid": "2F02"},
        {"name": "É", "application": 1, "fid": "2F02"},
        {"name": "PAN", "application": 1, "fid": "2F"},
        {"name": "PAN", "application": "1", "fid": "2F02"},
    ],
)
def test_a_file_map_that_cardpeek_would_not_read(file: dict) -> None:
    with pytest.raises(LayoutError):
        identity.POINTERS.encode({"applications": [{"id": 1, "aid": "D250000002"}], "files": [file]})


def test_the_directory_that_opensc_accepts() -> None:
    data = bytes.fromhex(
        "61324F0DE828BD080F8025000001FF0020500A4350582049415320434C51043F000002730F4F0DE828BD080F8025000001FF0010"
        "612F4F0DE828BD080F8025000001FF001050074350582049415351043F000001730F4F0DE828BD080F8025000001FF0010"
    )
    value = identity.DIRECTORY.decode(data)
    assert [entry["label"] for entry in value] == ["CPX IAS CL", "CPX IAS"]
    assert value[0]["ddo"] == {"aid": "E828BD080F8025000001FF0010"}
    assert identity.DIRECTORY.encode(value) == data
    assert len(data) == 101


def test_an_update_under_way() -> None:
    data = bytes.fromhex("EC 09 81 07 20240131 235959")
    assert identity.ACTUALISATION.decode(data) == {"debut": "20240131235959"}
    assert identity.ACTUALISATION.encode({"debut": "20240131235959"}) == data
