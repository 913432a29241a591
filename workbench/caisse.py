"""A caisse in a folder: made, served, settled, and asked how it stands."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.fse.caisse.centre import Caisse, Intake
    from bifente.fse.caisse.configuration import CaisseSettings
    from bifente.fse.caisse.identity import CaisseIdentity
    from bifente.fse.caisse.settlement import SettlementReport
    from bifente.fse.caisse.store.records import JournalEntry
    from bifente.fse.caisse.store.statistics import CaisseStatus
    from bifente.fse.caisse.store.store import CaisseStore
    from bifente.fse.post import Post
    from bifente.igc.keys import Progress
    from bifente.workbench.served.serving import Stop

_HEAD = "# A caisse of bifente (synthetic): docs/caisse.md says what may stand here.\n"
_POST_HEAD = "# The post of the caisse: this folder of boxes, or smtp with pop3 or imap (docs/post.md).\n"
_LONGEST_KEY = 1 << 16


def make_caisse(
    folder: Path,
    organismes: tuple[str, ...],
    *,
    insurers: tuple[str, ...] = (),
    name: str = "Caisse d'essai",
    store: str = "caisse.db",
    maildir: Path | None = None,
    authority: Path | None = None,
    now: datetime | None = None,
    progress: "Progress | None" = None,
) -> "tuple[CaisseSettings, str]":
    """Make a caisse in *folder*, which is made if need be: settings, post, key and certificate, an empty store.

    Returns the settings and its mail address. The first of *organismes* (régime and caisse in five digits) is certified by
    *authority*, by default the default one, which is made when it is not there. Raises WorkbenchError, CaisseError, IgcError, OSError.
    """
    from bifente.documents import new_file
    from bifente.documents.yamltext import write_yaml
    from bifente.fse.caisse.configuration import FILE, CaisseSettingsError
    from bifente.fse.caisse.store.opening import open_engine, store_url
    from bifente.fse.caisse.store.store import CaisseStore
    from bifente.workbench.authority import open_authority
    from bifente.workbench.caisses import issue_caisse

    document: dict[str, object] = {"name": name, "organismes": list(organismes)}
    if insurers:
        document["complementaries"] = list(insurers)
    document |= {"store": store, "authorities": []}
    settings = _checked(write_yaml(document), folder / FILE)
    if (folder / FILE).exists():
        raise CaisseSettingsError(f"{folder / FILE} is there already", hint="name another folder")
    trusted = open_authority(authority, progress=progress)
    document["authorities"] = [str(trusted.directory.resolve())]
    files = issue_caisse(trusted, organismes[0], folder, now=now, progress=progress)
    post = {"address": files.address, "maildir": str(maildir.resolve() if maildir is not None else "mail")}
    new_file(folder / settings.post, (_POST_HEAD + write_yaml(post)).encode())
    held = CaisseStore(open_engine(store_url(settings.store, folder), make=True))
    try:
        with held.writing() as transaction:
            transaction.note(
                datetime.now(UTC), "made", f"{settings.name} for {', '.join(settings.organismes)}"
            )
        new_file(folder / FILE, (_HEAD + write_yaml(document)).encode())
    finally:
        held.close()
    return settings, files.address


def _checked(text: str, path: Path) -> "CaisseSettings":
    from bifente.fse.caisse.checked import DocumentProblems, parse_model
    from bifente.fse.caisse.configuration import CaisseSettings, CaisseSettingsError

    try:
        return parse_model(text, str(path), CaisseSettings)
    except DocumentProblems as error:
        raise CaisseSettingsError(str(error)) from None


def settings_of(folder: Path) -> "CaisseSettings":
    """The settings of the caisse in *folder*. Raises WorkbenchError when there is none, CaisseSettingsError, OSError."""
    from bifente.fse.caisse.configuration import FILE, read_settings

    if not (folder / FILE).is_file():
        raise WorkbenchError(f"there is no caisse in {folder}", "input.no-caisse")
    return read_settings(folder)


@contextmanager
def opened(folder: Path) -> "Iterator[CaisseStore]":
    """The store of the caisse in *folder*, closed at the end of the block. Raises WorkbenchError, CaisseError, OSError."""
    from bifente.fse.caisse.store.opening import open_engine, store_url
    from bifente.fse.caisse.store.store import CaisseStore

    store = CaisseStore(open_engine(store_url(settings_of(folder).store, folder)))
    try:
        yield store
    finally:
        store.close()


@contextmanager
def at_work(
    folder: Path,
    *,
    rules: Path | None = None,
    clock: Callable[[], datetime] | None = None,
    workers: str = "",
) -> "Iterator[tuple[Caisse, Post]]":
    """The caisse in *folder* and its post. *rules* take the place of those of the settings; *workers* says who examines lots beside it:
    a number of processes, or a Dask cluster (:func:`bifente.fse.caisse.workers.lot_workers`).

    Raises WorkbenchError, CaisseError, PostError, DocumentError, IgcError, OSError.
    """
    from bifente.fse.caisse.centre import Caisse
    from bifente.fse.caisse.evidence import Examiner
    from bifente.fse.caisse.identity import CaissePolicy
    from bifente.fse.caisse.prices import TariffPricer
    from bifente.fse.caisse.rules import CaisseRules, read_rules
    from bifente.fse.caisse.workers import ExaminerSettings, lot_workers
    from bifente.fse.post import opened_post, read_settings
    from bifente.fse.tariff.tables import Tables
    from bifente.igc import Authority, TrustStore, revocation
    from bifente.igc.opposition import OppositionList
    from bifente.igc.status import StatusSettings
    from bifente.igc.statussource import NoRevocation

    settings = settings_of(folder)
    post_settings = read_settings(folder / settings.post)
    authorities = [Authority.open(folder / one) for one in settings.authorities]
    trust = TrustStore((), (), ())
    for one in authorities:
        trust = trust.merged(one.trust_store)
    rules_file = rules if rules is not None else folder / settings.rules if settings.rules else None
    policy = CaissePolicy(
        settle_after=settings.settle_after,
        delegates=frozenset((one.signer, one.professional) for one in settings.delegates),
        rules=read_rules(rules_file) if rules_file is not None else CaisseRules(),
    )

    def oppositions() -> list[OppositionList]:
        return [revocation.oppositions(one) for one in authorities]

    status = None
    if settings.revocation != "off" and authorities:
        status = StatusSettings(
            tuple(str(one.directory) for one in authorities),
            online=settings.revocation == "online",
            hard_fail=settings.revocation_hard_fail,
        )
    tables = Tables.shipped()
    pricer = TariffPricer(tables.with_imports(folder / settings.tariff) if settings.tariff else tables)
    with opened(folder) as store:
        caisse = Caisse(
            store,
            _identity(folder, settings, post_settings.address),
            Examiner(trust, status.made() if status is not None else NoRevocation(), pricer),
            policy,
            clock or _now,
            oppositions,
        )
        with ExitStack() as stack:
            if workers:
                made = lot_workers(workers, ExaminerSettings.of(trust, pricer, status))
                caisse.workers = stack.enter_context(made)
            yield caisse, stack.enter_context(opened_post(post_settings))


def _now() -> datetime:
    return datetime.now(UTC)


def _identity(folder: Path, settings: "CaisseSettings", address: str) -> "CaisseIdentity":
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from bifente.crypto import rsa
    from bifente.crypto.cms import KeySigner
    from bifente.crypto.errors import CryptoError
    from bifente.documents import read_bytes
    from bifente.fse.caisse.identity import CaisseIdentity

    try:
        key = rsa.load_private_pem(read_bytes(folder / settings.key, _LONGEST_KEY), validate=False)
        certificate = x509.load_pem_x509_certificate(read_bytes(folder / settings.certificate, _LONGEST_KEY))
        chain = x509.load_pem_x509_certificates(read_bytes(folder / settings.chain, _LONGEST_KEY))
    except (CryptoError, ValueError) as error:
        raise WorkbenchError(
            f"key, certificate or chain of the caisse in {folder} cannot be read: {str(error).splitlines()[0]}",
            "input.caisse-key",
        ) from None
    issuers = tuple(one.public_bytes(Encoding.DER) for one in chain if one.issuer != one.subject)
    der = certificate.public_bytes(Encoding.DER)
    return CaisseIdentity(
        settings.name,
        frozenset((*settings.organismes, *settings.complementaries)),
        address,
        key,
        der,
        KeySigner(key, der, issuers),
    )


def serve_caisse(
    folder: Path,
    stop: "Stop",
    *,
    every: float,
    once: bool = False,
    settle: bool = True,
    rules: Path | None = None,
    workers: str = "",
    tell: "Callable[[Intake], object] | None" = None,
) -> None:
    """Look into the mailbox again and again until *stop* is set, or *once*; with *settle* each round settles what is due.

    A post that does not answer is tried again in the next round; with *once* its error is raised. Raises as :func:`at_work`.
    """
    from bifente.fse.post import PostError

    with at_work(folder, rules=rules, workers=workers) as (caisse, post):
        while True:
            try:
                found = caisse.receive(post)
                if settle and not found.closed:
                    caisse.settle(caisse.clock().date(), post)
                if tell is not None:
                    tell(found)
            except PostError as error:
                if once:
                    raise
                with caisse.store.writing() as transaction:
                    transaction.note(caisse.clock(), "post-down", str(error))
            if once or stop.wait(every):
                return


def settle_caisse(folder: Path, day: date) -> "SettlementReport":
    """Settle what is due on *day*, and send the returns. Raises as :func:`at_work`."""
    with at_work(folder) as (caisse, post):
        return caisse.settle(day, post)


def caisse_status(folder: Path) -> "CaisseStatus":
    """How the caisse in *folder* stands. Raises WorkbenchError, CaisseError, OSError."""
    from bifente.fse.caisse.store.statistics import status

    with opened(folder) as store, store.reading() as transaction:
        return status(transaction)


def caisse_journal(folder: Path, *, last: int | None = None, lot: int | None = None) -> "list[JournalEntry]":
    """The journal of the caisse in *folder*, or its last lines. Raises WorkbenchError, CaisseError, OSError."""
    with opened(folder) as store, store.reading() as transaction:
        return transaction.journal(last=last, lot=lot)
