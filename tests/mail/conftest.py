"""A doctor and a nurse with their cards, a caisse, and an authority that all of them trust."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from keypool import KeySource, cycling
from mailbench import DOCTOR, NOW, NURSE, TEXT, CardAtHand

from bifente.applets.perso import personalise, read_profile
from bifente.igc import Authority, IssuedCaisse
from bifente.mail import Attachment, Draft, compose


@pytest.fixture(scope="session")
def hands(
    pooled_authority: Authority, pooled_keys: list[RSAPrivateKey]
) -> Iterator[Callable[[str], CardAtHand]]:
    """``hands("gp")`` is a card of a shipped profile, made once; no test may change it."""
    made: dict[str, CardAtHand] = {}

    def hand(profile: str) -> CardAtHand:
        if profile not in made:
            source: KeySource = cycling(pooled_keys[len(made) * 3 :] + pooled_keys)
            today = date.today().replace(day=1)
            records = personalise(read_profile(profile), pooled_authority, keys=source, today=today)
            made[profile] = CardAtHand(records, pooled_authority)
        return made[profile]

    yield hand
    for one in made.values():
        one.reader.close()


@pytest.fixture
def doctor(hands: Callable[[str], CardAtHand]) -> CardAtHand:
    return hands("gp")


@pytest.fixture
def nurse(hands: Callable[[str], CardAtHand]) -> CardAtHand:
    return hands("nurse")


@pytest.fixture(scope="session")
def caisse(pooled_authority: Authority, pooled_keys: list[RSAPrivateKey]) -> IssuedCaisse:
    return pooled_authority.issue_caisse(
        "01", "349", not_before=NOW.replace(year=NOW.year - 1, day=1), key_source=cycling(pooled_keys[6:])
    )


@pytest.fixture(scope="session")
def draft() -> Callable[..., Draft]:
    """``draft(**changes)``: a mail in French with two attachments."""

    def make(**changes: object) -> Draft:
        fields: dict[str, object] = {
            "sender": DOCTOR,
            "name": "Alice Durand-Noël",
            "to": (NURSE,),
            "subject": "Résultats d'analyse : à lire dès réception",
            "text": TEXT,
            "sent": NOW,
            "attachments": (
                Attachment("échographie.pdf", "application/pdf", bytes(range(256)) * 20),
                Attachment("notes.txt", "text/plain", b"une ligne\nFrom autre \xc3\xa9t\xc3\xa9  \n"),
            ),
        }
        return Draft(**{**fields, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def written(draft: Callable[..., Draft]) -> bytes:
    """The mail of that draft."""
    return compose(draft(), random=bytes)


@pytest.fixture(scope="session")
def trusted(pooled_authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The authorities' certificates, roots and others, as PEM for other programs."""
    path = tmp_path_factory.mktemp("mail") / "trusted.pem"
    store = pooled_authority.trust_store
    path.write_bytes(
        b"".join(one.public_bytes(Encoding.PEM) for one in (*store.anchors, *store.intermediates))
    )
    return path
