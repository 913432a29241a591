"""A kiosk that updates or renews a carte Vitale in a card file: by APDUs, under the keys of its issuer."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.cards.files import CardNews, edit, failing_as_files
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from bifente.applets.perso.cardrecords import Records
    from bifente.applets.perso.edit.refresh import Refreshment
    from bifente.igc import Authority
    from bifente.ssv.groups import Group


class OpposedCard(WorkbenchError):
    """A card that was declared lost or stolen is neither updated nor renewed. ``card`` is the file."""

    kind = "input.opposed-already"

    def __init__(self, card: Path, since: date) -> None:
        super().__init__(f"{card}: opposed since {since}: a kiosk does nothing for it")
        self.card = card


def update(card: Path, source: Path | str, authority: "Authority", day: date) -> CardNews:
    """Put the rights of *source* (a content ``.in``, a profile) on the card. Returns what it was and what it is.

    Raises WorkbenchError, PersoError, TerminalError, StoreError: the card is then as it was.
    """
    from bifente.applets.perso.edit.refresh import refreshed

    records = _checked(card, authority)
    return _send(card, records, refreshed(records, rights_in(source), authority, day), authority, day)


def renew(card: Path, authority: "Authority", day: date) -> CardNews:
    """Make the card valid for another term from *day* on, with the rights and keys that it has. Raises as :func:`update`."""
    from bifente.applets.families.vitale2.exporter import groups_of
    from bifente.applets.perso.edit.refresh import renewed

    records = _checked(card, authority)
    keys = _public_keys(card, authority)
    return _send(card, records, renewed(records, groups_of(records), keys, authority, day), authority, day)


def rights_in(source: Path | str) -> "list[Group]":
    """The groups of a content (``.in``) or of the profile of a carte Vitale: a file, or the name of a shipped one.

    Raises WorkbenchError, ContentError, PersoError.
    """
    from bifente.applets.families.vitale2.importer import read_content
    from bifente.applets.perso import read_profile
    from bifente.applets.perso.profile.insured import InsuredProfile
    from bifente.workbench.cards.kinds import refuse_card_file

    path = Path(source)
    refuse_card_file(path, "the content of a carte Vitale or a profile")
    if path.suffix.lower() == ".in":
        return read_content(path).groups
    profile = read_profile(str(source))
    if not isinstance(profile, InsuredProfile):
        raise WorkbenchError(f"{source}: a profile of kind {profile.kind} holds no rights")
    return profile.ssv_groups()


def _checked(card: Path, authority: "Authority") -> "Records":
    """The records of a card that its issuer may write on: in order, of this authority, not opposed."""
    from bifente.applets import read_card
    from bifente.applets.perso import issuersigned
    from bifente.applets.perso.edit.change import check_issuer
    from bifente.workbench.cards.kinds import need_kind
    from bifente.workbench.cards.opposing import opposed_since

    need_kind(card, "vitale2", "a card that a kiosk updates")
    records = read_card(card)
    check_issuer(records, authority)
    since = opposed_since(authority, records)
    if since is not None:
        raise OpposedCard(card, since)
    changed = issuersigned.uncovered(records)
    if changed:
        raise WorkbenchError(
            f"{card}: somebody has changed {', '.join(changed)}, which the issuer has not signed so",
            "input.changed-card",
        )
    return records


def _send(card: Path, records: "Records", made: "Refreshment", authority: "Authority", day: date) -> CardNews:
    """Have the card write the update, and its file note the profile that it has now."""
    from bifente.applets import open_card
    from bifente.applets.perso.edit.refresh import noted
    from bifente.reader import VITALE_SLOT, TwoSlotReader
    from bifente.terminal import VitaleSession
    from bifente.terminal.kiosk import put_update
    from bifente.terminal.messaging import MessagingKeys

    if not made.update.files:
        return CardNews(records, records)
    device = open_card(card)
    with failing_as_files(device), TwoSlotReader() as reader:
        reader.insert(VITALE_SLOT, device)
        vitale = VitaleSession(reader.link(VITALE_SLOT))
        pan = vitale.pan()
        keys = MessagingKeys(*(authority.card_key(use, pan) for use in _USES))
        put_update(vitale, keys, made.update)
    news = edit(card, lambda now: noted(now, made.profile, day))
    return CardNews(records, news.after)


_USES = ("update-enciphering", "update-authenticating")


def _public_keys(card: Path, authority: "Authority") -> "dict[str, RSAPublicKey]":
    """The card's public keys by their use, out of its own certificates, which must be this authority's."""
    from bifente.applets import open_card
    from bifente.crypto import rsa
    from bifente.layouts.cards.vitale2 import LAYOUT
    from bifente.reader import VITALE_SLOT, TwoSlotReader
    from bifente.terminal import VitaleSession
    from bifente.terminal.kiosk import certified_keys

    device = open_card(card)
    with failing_as_files(device), TwoSlotReader() as reader:
        reader.insert(VITALE_SLOT, device)
        found = certified_keys(VitaleSession(reader.link(VITALE_SLOT)), authority.cv_root("V"))
    uses = LAYOUT.certificates()
    return {uses[name]: rsa.public_key(content.n, content.e) for name, content in found.items()}
