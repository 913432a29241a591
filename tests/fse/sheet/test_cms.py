"""The CMS of a signed sheet, held against asn1crypto: the same bytes for the same parts, and the parts of those bytes."""

from functools import cache
from hashlib import sha256

import pytest
from asn1crypto import algos, cms, tsp, x509
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bifente.fse.sheet import FseError
from bifente.fse.sheet.cms import SignedData, assemble, issuer_and_serial, parse, signed_attributes


def reference(der: bytes) -> tsp.ESSCertIDv2:
    certificate = x509.Certificate.load(der)
    name = x509.GeneralName("directory_name", certificate.issuer)
    return tsp.ESSCertIDv2(
        {
            "cert_hash": sha256(der).digest(),
            "issuer_serial": {"issuer": [name], "serial_number": certificate.serial_number},
        }
    )


@cache
def references(signer: bytes, intermediate: bytes) -> bytes:
    """Read back from bytes, the library's tree costs nothing; made anew and nested, it is written again and again."""
    return tsp.SigningCertificateV2({"certs": [reference(signer), reference(intermediate)]}).dump()


def attributes_of(content: bytes, signer: bytes, intermediate: bytes) -> bytes:
    made = cms.CMSAttributes(
        [
            {"type": "content_type", "values": ["data"]},
            {"type": "message_digest", "values": [sha256(content).digest()]},
            {
                "type": "signing_certificate_v2",
                "values": [tsp.SigningCertificateV2.load(references(signer, intermediate))],
            },
        ]
    )
    return made.dump()


def message_of(content: bytes, signer: bytes, intermediate: bytes, signature: bytes) -> bytes:
    certificate = x509.Certificate.load(signer)
    sha_256 = algos.DigestAlgorithm({"algorithm": "sha256"})
    info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                {"issuer": certificate.issuer, "serial_number": certificate.serial_number},
            ),
            "digest_algorithm": sha_256,
            "signed_attrs": cms.CMSAttributes.load(attributes_of(content, signer, intermediate)),
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_rsa"}),
            "signature": signature,
        }
    )
    signed = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [sha_256],
            "encap_content_info": {"content_type": "data", "content": content},
            "certificates": [x509.Certificate.load(signer), x509.Certificate.load(intermediate)],
            "signer_infos": [info],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()


SIZES = st.one_of(st.integers(1, 70_000), st.sampled_from([0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000]))
"""The bytes of a content are drawn as a pattern and a size: DER has a new form of length at each of those in the list."""
CONTENTS = st.builds(
    lambda pattern, size: (pattern * (size // len(pattern) + 1))[:size],
    st.binary(min_size=1, max_size=100),
    SIZES,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(content=CONTENTS, signature=st.binary(min_size=1, max_size=300))
def test_the_same_bytes_as_the_library(signed, content, signature):
    certificates = signed.signer, signed.intermediate
    attributes = signed_attributes(content, *certificates)
    assert attributes == attributes_of(content, *certificates)
    message = assemble(content, *certificates, attributes, signature)
    assert message == message_of(content, *certificates, signature)
    assert parse(message) == SignedData(content, tuple(sorted(certificates)), signature)


def test_cut_anywhere_it_is_not_read(signed):
    message = signed.raw
    for size in range(0, len(message), 11):
        with pytest.raises(ValueError, match=r"\w"):
            parse(message[:size])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(raw=st.binary(max_size=200))
def test_garbage_is_refused(raw):
    with pytest.raises(ValueError, match=r"\w"):
        parse(raw)
    with pytest.raises(FseError):
        issuer_and_serial(raw)
