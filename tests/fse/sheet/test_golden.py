"""Signed sheets of earlier versions, as they were written then: they verify for ever, and are written again to the byte."""

import json
from datetime import date
from pathlib import Path

import pytest
from cryptography import x509

from bifente.apdu.cvc import CvKey
from bifente.fse.sheet import SheetRefused, canonical, verify
from bifente.igc import TrustStore

GOLDEN = Path(__file__).parent / "golden"
"""Made once, by the code of that time, with cards of an authority whose roots are there too."""


@pytest.fixture(scope="module")
def trust() -> TrustStore:
    anchors = x509.load_pem_x509_certificates((GOLDEN / "roots.pem").read_bytes())
    roots = json.loads((GOLDEN / "cvroots.json").read_text())
    return TrustStore(
        tuple(anchors), (), tuple(CvKey(one["car"].encode(), int(one["n"], 16), one["e"]) for one in roots)
    )


@pytest.mark.parametrize(
    ("name", "version", "unproven", "acts"),
    [
        ("version1", 1, 2, ["G"]),
        ("version2", 2, 0, ["G", "AMI", "MD"]),
        ("version2-not-issued", 2, 2, ["G"]),
    ],
)
def test_a_sheet_of_an_earlier_version_verifies(trust, name, version, unproven, acts):
    raw = (GOLDEN / f"{name}.p7m").read_bytes()
    verdict = verify(raw, trust)
    assert (verdict.version, verdict.sheet.version) == (version, version)
    assert len(verdict.not_proven) == unproven
    assert [act.code for act in verdict.sheet.acts] == acts
    assert canonical.encode(verdict.sheet) == verdict.content.sheet
    assert verdict.content.encode() in raw
    assert [one.day for one in verdict.sheet.rights.earlier] == (
        [date(2025, 6, 30)] if name == "version2" else []
    )
    changed = raw.replace(b'"amount":3000', b'"amount":3001')
    assert changed != raw
    with pytest.raises(SheetRefused):
        verify(changed, trust)


def test_a_sheet_that_a_vitale_1_has_certified_verifies():
    told = json.loads((GOLDEN / "version4-trust.json").read_text())
    trust = TrustStore(
        tuple(x509.load_pem_x509_certificates((GOLDEN / "version4-root.pem").read_bytes())),
        (),
        tuple(CvKey(one["car"].encode(), int(one["n"], 16), one["e"]) for one in told["cv_roots"]),
        (bytes.fromhex(told["sheet_key"]),),
    )
    raw = (GOLDEN / "version4.p7m").read_bytes()
    verdict = verify(raw, trust)
    assert (verdict.version, verdict.certified) == (4, True)
    assert canonical.encode(verdict.sheet) == verdict.content.sheet
    assert verdict.content.encode() in raw
    with pytest.raises(SheetRefused):
        verify(raw.replace(b'"amount":3000', b'"amount":3001'), trust)
