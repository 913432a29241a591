"""An ARL is believed when the caisse that it names has signed it; everything else is refused with its reason."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from keypool import cycling

from bifente.codes.holder import CardHolder
from bifente.crypto.cms import KeySigner, signed_data
from bifente.fse.returns import (
    ARL_CODES,
    Arl,
    ArlCode,
    InvalidReturn,
    LotTreatment,
    ReturnRefused,
    read_arl,
    read_return,
    write_arl,
    write_treatment,
)
from bifente.igc import Authority, CertificateUsage, IssuedCaisse

START = datetime(2026, 6, 14, 12, tzinfo=UTC)
DIGEST = sha256(b"a signed lot").hexdigest()
POSITIVE = Arl(
    "000001", "991234567", 12, True, (ArlCode.of("P00"),), DIGEST, START + timedelta(days=1), "01349"
)
NEGATIVE = replace(POSITIVE, positive=False, codes=(ArlCode.of("L05"), ArlCode.of("L10")))
TREATMENT = LotTreatment("000001", "991234567", 12, (ArlCode.of("P01"),), DIGEST, POSITIVE.issued, "01349")


@pytest.fixture(scope="module")
def authority(
    pooled_authority: Authority, pooled_keys: list[RSAPrivateKey], tmp_path_factory: pytest.TempPathFactory
) -> Authority:
    """A copy of the pooled one, so that it may grow a chain for organisations."""
    folder = tmp_path_factory.mktemp("returns") / "igc"
    shutil.copytree(pooled_authority.directory, folder)
    return Authority.open(folder)


@pytest.fixture(scope="module")
def caisse(authority: Authority, pooled_keys: list[RSAPrivateKey]) -> IssuedCaisse:
    return authority.issue_caisse("01", "349", not_before=START, key_source=cycling(pooled_keys))


@pytest.fixture(scope="module")
def doctor(authority: Authority, pooled_keys: list[RSAPrivateKey]) -> KeySigner:
    """Who signs with a professional's card of the same authority."""
    holder = CardHolder(
        card_type=0,
        category=0x80,
        national_id="899700000017",
        family_name="ESSAI-PRATICIEN",
        given_name="ZOE",
        civility=22,
        profession=10,
        future_profession=None,
        responsibility=0,
        speciality=None,
        structure_id=None,
        structure_name=None,
        department=None,
        card_number="2900000017",
    )
    key = pooled_keys[0]
    certificate = authority.issue_certificate(
        holder, key.public_key(), CertificateUsage.SIGNATURE, not_before=START
    )
    return KeySigner(key, certificate)


@pytest.mark.parametrize("arl", [POSITIVE, NEGATIVE, replace(POSITIVE, codes=())])
def test_what_the_caisse_signed_is_read(arl: Arl, authority: Authority, caisse: IssuedCaisse) -> None:
    signed = write_arl(arl, caisse.signer)
    assert read_arl(signed, authority.trust_store) == read_return(signed, authority.trust_store) == arl


def test_a_lot_in_treatment_is_another_return_than_an_arl(authority: Authority, caisse: IssuedCaisse) -> None:
    signed = write_treatment(TREATMENT, caisse.signer)
    assert read_return(signed, authority.trust_store) == TREATMENT
    with pytest.raises(InvalidReturn, match="in treatment"):
        read_arl(signed, authority.trust_store)


def test_the_content_says_that_it_is_synthetic(caisse: IssuedCaisse) -> None:
    signed = write_arl(POSITIVE, caisse.signer)
    content = signed[signed.index(b'{"caisse"') : signed.index(b"}", signed.index(b'"provenance"')) + 1]
    assert json.loads(content)["format"] == "bifente-arl/1"
    assert json.loads(content)["provenance"] == "synthetic"


def test_no_changed_byte_makes_it_say_another_thing(authority: Authority, caisse: IssuedCaisse) -> None:
    """Bytes that nobody needs (its version, a chain that is trusted already) may change: then it says the same."""
    signed = write_arl(NEGATIVE, caisse.signer)
    refused = 0
    places = range(0, len(signed), 17)
    for at in places:
        changed = signed[:at] + bytes((signed[at] ^ 1,)) + signed[at + 1 :]
        try:
            assert read_arl(changed, authority.trust_store) == NEGATIVE
        except (ReturnRefused, InvalidReturn):
            refused += 1
    assert refused > len(places) // 2
    for old, new in (
        (b'"lot":12', b'"lot":13'),
        (b"false", b"true "),
        (DIGEST.encode(), DIGEST[::-1].encode()),
    ):
        with pytest.raises(ReturnRefused, match="not the one that was signed"):
            read_arl(signed.replace(old, new), authority.trust_store)


@given(st.binary(max_size=200), st.integers(0, 3000))
@settings(max_examples=30)
def test_arbitrary_bytes_are_refused(
    authority: Authority, caisse: IssuedCaisse, noise: bytes, cut: int
) -> None:
    whole = write_arl(POSITIVE, caisse.signer)
    for content in (noise, whole[: min(cut, len(whole) - 1)], whole + noise if noise else noise):
        with pytest.raises((ReturnRefused, InvalidReturn)):
            read_arl(content, authority.trust_store)


def test_a_professional_cannot_pass_for_a_caisse(authority: Authority, doctor: KeySigner) -> None:
    with pytest.raises(ReturnRefused, match="is not a caisse"):
        read_arl(write_arl(POSITIVE, doctor), authority.trust_store)


def test_one_caisse_does_not_answer_for_another(
    authority: Authority, pooled_keys: list[RSAPrivateKey]
) -> None:
    other = authority.issue_caisse("01", "422", not_before=START, key_source=cycling(pooled_keys))
    with pytest.raises(ReturnRefused, match="caisse 01422 signed the return of caisse 01349"):
        read_arl(write_arl(POSITIVE, other.signer), authority.trust_store)


def test_the_caisse_of_another_authority_is_not_trusted(
    authority: Authority, caisse: IssuedCaisse, production_authority: Authority
) -> None:
    assert caisse.certificate
    with pytest.raises(ReturnRefused, match="not trusted"):
        read_arl(write_arl(POSITIVE, caisse.signer), production_authority.trust_store)


def test_the_certificate_is_judged_when_the_return_was_issued_or_at_the_time_given(
    authority: Authority, caisse: IssuedCaisse
) -> None:
    early = write_arl(replace(POSITIVE, issued=START - timedelta(days=1)), caisse.signer)
    with pytest.raises(ReturnRefused, match="not accepted at 2026-06-13"):
        read_arl(early, authority.trust_store)
    signed = write_arl(POSITIVE, caisse.signer)
    with pytest.raises(ReturnRefused, match="not accepted at 2030"):
        read_arl(signed, authority.trust_store, at=START.replace(year=2030))


def _spoiled(change: Callable[[dict[str, object]], object]) -> bytes:
    value: dict[str, object] = {
        "format": "bifente-arl/1",
        "provenance": "synthetic",
        "caisse": "01349",
        "file_id": "000001",
        "professional": "991234567",
        "lot": 12,
        "positive": True,
        "codes": [],
        "lot_digest": DIGEST,
        "issued": "2026-06-15T12:00:00Z",
    }
    change(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (_spoiled(lambda value: value.update(format="bifente-arl/2")), "bifente-arl/1"),
        (_spoiled(lambda value: value.update(provenance="real")), "synthetic"),
        (_spoiled(lambda value: value.pop("lot")), "lot: is missing"),
        (_spoiled(lambda value: value.update(more=1)), "more: is not known here"),
        (_spoiled(lambda value: value.update(positive="yes")), "positive: true or false"),
        (_spoiled(lambda value: value.update(issued="today")), "issued: 'today'"),
        (_spoiled(lambda value: value.update(lot_digest="00")), "lot_digest"),
        (_spoiled(lambda value: value.update(codes=[{"code": "L05", "label": "x"}])), "positive ARL"),
        (_spoiled(lambda value: value.update(codes=[{"code": "X", "label": "x", "z": 1}])), "not known here"),
        (_spoiled(lambda value: value.update(positive=False)), "says why"),
        (_spoiled(lambda value: None).replace(b",", b", ", 1), "canonical"),
        (b"[]", "object"),
        (b"\xff", "UTF-8"),
    ],
)
def test_a_signed_content_that_is_no_arl_is_refused(
    content: bytes, words: str, authority: Authority, caisse: IssuedCaisse
) -> None:
    with pytest.raises(InvalidReturn, match=words):
        read_arl(signed_data(content, caisse.signer), authority.trust_store)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"professional": "12345678"}, "professional"),
        ({"caisse": "349"}, "caisse"),
        ({"file_id": "0000001"}, "file_id"),
        ({"lot": 1000}, "lot: 1000"),
        ({"lot_digest": DIGEST.upper()}, "lot_digest"),
        ({"issued": datetime(2026, 6, 15)}, "issued"),
        ({"issued": datetime(2026, 6, 15, microsecond=1, tzinfo=UTC)}, "issued"),
        ({"codes": (ArlCode.of("L05"),)}, "L05 does not stand in a positive ARL"),
        ({"positive": False}, "P00 does not stand in a negative ARL"),
    ],
)
def test_a_value_that_is_no_arl_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidReturn, match=words):
        replace(POSITIVE, **change)  # type: ignore[arg-type]


def test_every_code_has_both_labels_and_stands_in_a_return(
    authority: Authority, caisse: IssuedCaisse
) -> None:
    for code, reason in ARL_CODES.items():
        assert reason.french
        assert reason.english
        assert reason.french != reason.english
        arl = replace(POSITIVE, positive=reason.positive, codes=(ArlCode.of(code),))
        assert arl.codes[0].reason is reason
    signed = write_arl(replace(POSITIVE, codes=(ArlCode("X1", "de cette caisse seule"),)), caisse.signer)
    assert read_arl(signed, authority.trust_store).codes[0].reason is None


@pytest.mark.parametrize(
    ("code", "label"), [("", "x"), ("L-1", "x"), ("L05", ""), ("L05", "a\nb"), ("é", "x")]
)
def test_a_code_is_short_and_its_label_one_line(code: str, label: str) -> None:
    with pytest.raises(InvalidReturn):
        ArlCode(code, label)
