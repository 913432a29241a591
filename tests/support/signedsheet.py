"""A signed care sheet with the means to sign it again: what an attacker has who holds one of the cards."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from bifente.fse.sheet import SheetRefused, canonical, verify
from bifente.fse.sheet.signature import Issued, SignedContent, sign_content
from bifente.igc import TrustStore


@dataclass(frozen=True)
class Signed:
    """A good sheet, its parts, and the means to sign again as the attacker who holds one of the cards."""

    raw: bytes
    content: SignedContent
    signer: bytes
    intermediate: bytes
    trust: TrustStore
    cps_key: Callable[[bytes], bytes]
    vitale_key: Callable[[bytes], bytes]

    def again(self, content: SignedContent | bytes, **parts: object) -> bytes:
        """The CPS signs another content."""
        raw = content if isinstance(content, bytes) else content.encode()
        use = {"signer": self.signer, "intermediate": self.intermediate, "sign_message": self.cps_key} | parts
        return sign_content(raw, **use)  # type: ignore[arg-type]

    def by_both(self, content: SignedContent, **parts: object) -> bytes:
        """Both cards sign another content: the Vitale signs whatever the professional's terminal gives it."""
        return self.again(replace(content, vitale_signature=self.vitale_key(content.vitale_payload)), **parts)

    def saying(self, change: Callable[[dict[str, object]], object], *, version: int = 3) -> bytes:
        """Both cards sign a sheet whose plain JSON *change* has changed: no value of the project stands in its way."""
        sheet = canonical.encode(replace(canonical.decode(self.content.sheet), version=version))
        document = json.loads(sheet)
        change(document["sheet"])
        raw = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        content = replace(self.content, sheet=raw, version=version)
        if version == 1:
            content = replace(content, vitale_issued=Issued(), cps_issued=Issued())
        return self.by_both(content)


def signer_of(key: RSAPrivateKey) -> Callable[[bytes], bytes]:
    """Signs as the card with *key* does."""
    return lambda message: key.sign(message, PKCS1v15(), SHA256())


def refused(
    signed: Signed, raw: bytes, trust: TrustStore | None = None, day: date | None = None
) -> SheetRefused:
    """The refusal of *raw*, which names whose signature does not hold."""
    with pytest.raises(SheetRefused) as caught:
        verify(raw, trust or signed.trust, day=day)
    assert all(who.value in str(caught.value) for who in caught.value.signatories)
    return caught.value
