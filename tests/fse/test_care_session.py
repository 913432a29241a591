"""The whole road over emulated cards in a two-slot reader: PIN, recognition, rights, sheet, signatures."""

import subprocess
from datetime import date
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

TODAY = date(2026, 3, 2)


def test_from_pin_to_verified_sheet(consultation, consult):
    with consultation() as session:
        sheet = session.draw_up([consult], number=1, care_date=TODAY)
        signed = session.sign(sheet)
        verified = session.verify(signed)
        assert verified.sheet == sheet
        assert sheet.professional.family_name == "DURIF"
        assert sheet.rights.insured.nir == "2800199999999"
        assert sheet.rights.beneficiary.given_name == "CLAIRE"
        assert (sheet.rights.coverage.ald, sheet.rights.coverage.situation) == ("1", "0104")
        assert verified.content.chr_cps == session.recognition.chr_cps
        assert session.private_key_operations == 4
        assert set(session.timings) == {
            "cards",
            "pin",
            "recognition",
            "rights",
            "professional",
            "sheet",
            "signature",
            "verification",
        }


def test_openssl_accepts_it(consultation, consult, authority, tmp_path, require_tool):
    with consultation() as session:
        signed = session.sign(session.draw_up([consult], number=1, care_date=TODAY))
        content = session.verify(signed).content.encode()
    message, root, out = tmp_path / "sheet.p7m", tmp_path / "root.pem", tmp_path / "content.der"
    message.write_bytes(signed)
    root.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in authority.trust_anchors()))

    def openssl(source: Path, *more: str) -> subprocess.CompletedProcess[str]:
        command = [require_tool("openssl"), "cms", "-verify", "-binary", "-inform", "DER", "-in", str(source)]
        command += ["-CAfile", str(root), "-purpose", "any", "-out", str(out), *more]
        command += ["-attime", str(int(__import__("datetime").datetime(2026, 3, 2, 12).timestamp()))]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    done = openssl(message)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == content
    done = openssl(message, "-cades")
    assert done.returncode == 0, done.stderr
    broken = bytearray(signed)
    broken[signed.index(b"TESSIER")] ^= 1
    message.write_bytes(broken)
    assert openssl(message).returncode != 0


def test_the_signature_holds_in_cryptography_too(consultation, consult):
    with consultation() as session:
        signed = session.sign(session.draw_up([consult], number=1, care_date=TODAY))
        verified = session.verify(signed)
    assert isinstance(verified.signer, x509.Certificate)
    assert verified.vitale.cha.usage == 2
