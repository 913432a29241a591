"""An authority's folder: whole or not there, private, reused, and refused when it is damaged."""

import errno
import json
import os
import shutil
import stat
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from bifente.codes.holder import CardHolder
from bifente.igc import (
    Authority,
    AuthorityDamaged,
    AuthorityMissing,
    CertificateUsage,
    DirectoryOccupied,
    Gamme,
    IgcError,
)
from bifente.igc.keys import KeySource

FILES = {
    "authority.json",
    *(
        f"{kind}-{gamme}{end}"
        for kind in ("root", "persons")
        for gamme in ("fort", "standard")
        for end in (".key", ".pem")
    ),
    "cv-c.key",
    "cv-v.key",
}
POSIX = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@POSIX
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_folder_is_its_owners_alone(tmp_path: Path, key_source: KeySource, umask: int) -> None:
    before = os.umask(umask)
    try:
        Authority.init(tmp_path / "igc", key_source=key_source)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "igc").stat().st_mode) == 0o700
    assert {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "igc").iterdir()
    } == dict.fromkeys(FILES, 0o600)


@POSIX
def test_keys_are_created_exclusively_with_their_mode(
    tmp_path: Path, key_source: KeySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[int, int]] = []
    original = os.open

    def spy(path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
        if flags & os.O_CREAT:
            made.append((flags & os.O_EXCL, mode))
        return original(path, flags, mode, **more)

    monkeypatch.setattr(os, "open", spy)
    Authority.init(tmp_path / "igc", key_source=key_source)
    assert made == [(os.O_EXCL, 0o600)] * len(FILES)


def test_the_chains_have_the_real_shape(tmp_path: Path, key_source: KeySource) -> None:
    authority = Authority.init(
        tmp_path / "igc", key_source=key_source
    )  # one that has issued to no organisation
    for gamme in Gamme:
        intermediate, root = authority.chain(gamme)
        name = f"C=FR,O=BIFENTE-TEST,OU=0002 000000000,OU=IGC-BIFENTE TEST,CN=TEST AC RACINE BIFENTE {gamme.value}"
        assert ",".join(reversed(root.subject.rfc4514_string().split(","))) == name
        assert root.issuer == root.subject == intermediate.issuer
        assert intermediate.subject.rfc4514_string().startswith(
            f"CN=TEST AC BIFENTE {gamme.value} PERSONNES,"
        )
        for certificate, length in ((root, None), (intermediate, 0)):
            key = certificate.public_key()
            assert getattr(key, "key_size", 0) == 4096
            constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
            assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (
                True,
                True,
                length,
            )
        assert [extension.oid.dotted_string for extension in root.extensions] == [
            "2.5.29.19",
            "2.5.29.15",
            "2.5.29.32",
            "2.5.29.14",
            "2.5.29.35",
        ]
        assert [extension.oid.dotted_string for extension in intermediate.extensions] == [
            "2.5.29.19",
            "2.5.29.15",
            "2.5.29.32",
            "2.5.29.31",
            "2.5.29.14",
            "2.5.29.35",
        ]
        intermediate.verify_directly_issued_by(root)
    assert authority.trust_anchors() == tuple(authority.chain(gamme)[1] for gamme in Gamme)
    assert x509.load_pem_x509_certificates(authority.chain_pem(Gamme.FORT)) == list(
        authority.chain(Gamme.FORT)
    )
    assert len({c.serial_number for c in authority.certificates.values()}) == 4


def test_progress_counts_each_key(tmp_path: Path, key_source: KeySource) -> None:
    told: list[tuple[int, int, str]] = []
    Authority.init(tmp_path / "igc", key_source=key_source, progress=lambda *event: told.append(event))
    assert [(done, total) for done, total, _ in told] == [(i, 6) for i in range(1, 7)]
    assert {f"{name}.key" for _, _, name in told} == {name for name in FILES if name.endswith(".key")}


def test_an_authority_that_is_there_is_reused(tmp_path: Path, key_source: KeySource) -> None:
    folder = tmp_path / "deep" / "igc"
    assert not Authority.exists(folder)
    made = Authority.init(folder, key_source=key_source)
    before = contents(folder)

    def never(bits: int) -> RSAPrivateKey:
        raise AssertionError(f"a key of {bits} bits was made")

    again = Authority.init(folder, key_source=never)
    assert Authority.exists(folder)
    assert again.certificates == made.certificates
    assert contents(folder) == before
    with pytest.raises(IgcError, match="environment T, not P") as caught:
        Authority.init(folder, environment="P", key_source=never)
    assert caught.value.hint
    assert contents(folder) == before


def test_an_empty_folder_is_taken_and_a_link_to_one_too(tmp_path: Path, key_source: KeySource) -> None:
    (tmp_path / "igc").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "igc")
    Authority.init(tmp_path / "link", key_source=key_source)
    assert set(contents(tmp_path / "igc")) == FILES
    assert sorted(os.listdir(tmp_path)) == ["igc", "link"]


def test_a_folder_of_something_else_and_a_file_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    for place in (tmp_path, tmp_path / "holiday.jpg"):
        with pytest.raises(DirectoryOccupied):
            Authority.init(place)
        with pytest.raises((AuthorityMissing, DirectoryOccupied)):
            Authority.open(place)
    assert os.listdir(tmp_path) == ["holiday.jpg"]


def test_a_wrong_environment_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="T or P"):
        Authority.init(tmp_path / "igc", environment="X")
    assert os.listdir(tmp_path) == []


def test_that_there_is_no_authority_is_a_kind_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(AuthorityMissing) as caught:
        Authority.open(tmp_path / "igc")
    assert caught.value.kind == "input.no-authority"


class Stop:
    """Raises at the n-th call of a function, which it otherwise lets run."""

    def __init__(self, original: Callable[..., Any], number: int, error: BaseException) -> None:
        self.original, self.left, self.error = original, number, error

    def __call__(self, *args: Any, **more: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            raise self.error
        return self.original(*args, **more)


STEPS = {"mkdtemp": 1, "open": len(FILES), "fsync": len(FILES) + 1, "rename": 1}


@POSIX
@pytest.mark.parametrize(
    ("name", "number"), [(name, i) for name, count in STEPS.items() for i in range(1, count + 1)]
)
@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device", "draft")]
)
def test_an_interrupted_init_leaves_nothing(
    tmp_path: Path,
    key_source: KeySource,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    number: int,
    error: BaseException,
) -> None:
    module = {"mkdtemp": "tempfile"}.get(name, "os")
    original = getattr(__import__(module), name)
    with monkeypatch.context() as patch:
        patch.setattr(f"bifente.igc.storage.{module}.{name}", Stop(original, number, error))
        with pytest.raises(type(error)) as caught:
            Authority.init(tmp_path / "igc", key_source=key_source)
    if isinstance(error, OSError):
        assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path / "igc"))  # type: ignore[attr-defined]
    assert os.listdir(tmp_path) == []
    Authority.init(tmp_path / "igc", key_source=key_source)


@pytest.mark.parametrize("number", range(1, 7))
def test_an_interruption_while_keys_are_made_leaves_nothing(
    tmp_path: Path, key_source: KeySource, number: int
) -> None:
    for source, progress in (
        (Stop(key_source, number, KeyboardInterrupt()), None),
        (key_source, Stop(lambda *event: None, number, KeyboardInterrupt())),
    ):
        with pytest.raises(KeyboardInterrupt):
            Authority.init(tmp_path / "igc", key_source=source, progress=progress)
        assert os.listdir(tmp_path) == []


@POSIX
def test_an_interruption_after_the_last_step_leaves_a_whole_authority(
    tmp_path: Path, key_source: KeySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stop = Stop(os.fsync, len(FILES) + 2, KeyboardInterrupt())
        patch.setattr("bifente.igc.storage.os.fsync", stop)
        with pytest.raises(KeyboardInterrupt):
            Authority.init(tmp_path / "igc", key_source=key_source)
    assert set(contents(tmp_path / "igc")) == FILES
    assert Authority.open(tmp_path / "igc").environment == "T"
    assert os.listdir(tmp_path) == ["igc"]


def test_whoever_comes_second_uses_the_firsts(
    tmp_path: Path, authority: Authority, key_source: KeySource
) -> None:
    def meanwhile(done: int, total: int, name: str) -> None:
        if done == total:
            shutil.copytree(authority.directory, tmp_path / "igc")

    second = Authority.init(tmp_path / "igc", key_source=key_source, progress=meanwhile)
    assert second.certificates == authority.certificates
    assert os.listdir(tmp_path) == ["igc"]


@pytest.fixture
def copy(tmp_path: Path, authority: Authority) -> Path:
    shutil.copytree(authority.directory, tmp_path / "igc")
    return tmp_path / "igc"


def use(folder: Path, holder: Callable[..., CardHolder], key: RSAPrivateKey) -> None:
    opened = Authority.open(folder)
    for card_type in (0, 2):
        opened.issue_certificate(
            holder(card_type), key.public_key(), CertificateUsage.SIGNATURE, datetime(2026, 1, 1)
        )


@pytest.mark.parametrize(
    "name", sorted(FILES - {"authority.json", "cv-c.key", "cv-v.key", "root-fort.key", "root-standard.key"})
)
@pytest.mark.parametrize("damage", ["absent", "empty", "truncated", "swapped"])
def test_damage_is_named(
    copy: Path, holder: Callable[..., CardHolder], card_key: RSAPrivateKey, name: str, damage: str
) -> None:
    path = copy / name
    whole = path.read_bytes()
    path.unlink()
    if damage == "swapped":
        other = name.replace("fort", "#").replace("standard", "fort").replace("#", "standard")
        path.write_bytes((copy / other).read_bytes())
    elif damage != "absent":
        path.write_bytes(whole[: len(whole) // 2 if damage == "truncated" else 0])
    with pytest.raises(AuthorityDamaged) as caught:
        use(copy, holder, card_key)
    if damage != "swapped":
        assert caught.value.path == path
    assert whole[40:80] not in str(caught.value).encode()


@pytest.mark.parametrize(
    "change",
    [
        {"format": 3},
        {"format": "1"},
        {"environment": "X"},
        {"environment": "P"},
        {"environment": None},
        {"cv_roots": {}},
        {"cv_roots": 5},
        {"cv_roots": {"C": {"car": "FRVTBF01", "n": "c1", "e": 65537}, "V": {}}},
        {"format": True},
        {"format": 10**400},
        {"format": 0},
        *(
            {"cv_roots": {"C": {"car": "FRCTBF01", "n": "c1", "e": 65537, **wrong}, "V": {}}}
            for wrong in (
                {"n": "zz"},
                {"n": ""},
                {"n": "-c1"},
                {"n": "0x_c1"},
                {"n": "1"},
                {"n": "f" * 4096},
                {"n": 193},
                {"e": 0},
                {"e": -3},
                {"e": 65536},
                {"e": True},
                {"e": 10**400},
                {"e": 1e999},
                {"car": "FRCTBF0é"},
                {"car": "x" * 9999},
                {"car": 7},
            )
        ),
    ],
)
def test_a_description_that_is_wrong_or_newer_is_refused(copy: Path, change: dict[str, object]) -> None:
    path = copy / "authority.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(AuthorityDamaged) as caught:
        Authority.open(copy)
    if change == {"format": 3}:
        assert "newer" in str(caught.value)
        assert caught.value.hint == "update bifente"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "{",
            "[]",
            "5",
            "null",
            '"x"',
            "\x00\xff",
            "NaN",
            '{"format": NaN}',
            '{"format": 1, "format": 1}',
        ),
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"format": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"format": ' + "9" * 5000 + "}",
        '{"environment": "\\ud800", "format": 1}',
        '{"format": 1, "x": "' + "y" * 100_000 + '"}',
    ],
    ids=range(16),
)
def test_a_description_that_is_none_is_refused(copy: Path, text: str) -> None:
    (copy / "authority.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(AuthorityDamaged) as caught:
        Authority.open(copy)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < len(str(copy)) + 300


@pytest.mark.parametrize("name", ["authority.json", "root-fort.pem", "persons-standard.key"])
@pytest.mark.parametrize("there", ["/dev/zero", "/dev", "long"])
def test_a_file_without_end_is_not_read(
    copy: Path, name: str, there: str, holder: Callable[..., CardHolder], card_key: RSAPrivateKey
) -> None:
    path = copy / name
    path.unlink()
    if there == "long":
        path.write_bytes(b"A" * (1 << 16) + b"B")
    else:
        path.symlink_to(there)
    with pytest.raises(AuthorityDamaged) as caught:
        use(copy, holder, card_key)
    assert caught.value.path == path


def test_the_representation_shows_no_key(authority: Authority) -> None:
    assert repr(authority) == f"Authority({str(authority.directory)!r}, environment='T')"


def test_keys_of_the_default_source_are_all_different(tmp_path: Path) -> None:
    from bifente.crypto import rsa

    # real keys, but short ones: four of 4096 bits take seconds
    made = Authority.init(tmp_path / "igc", key_source=lambda _: rsa.generate(2048))
    moduli = {root.n for root in made.trust_store.cv_roots}
    for certificate in made.certificates.values():
        key = certificate.public_key()
        assert isinstance(key, RSAPublicKey)
        moduli.add(key.public_numbers().n)
    assert len(moduli) == 6
