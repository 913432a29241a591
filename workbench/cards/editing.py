"""Changes to a card file that a tester needs: a field, the tries, the validity, an opposition, a copy, the way back."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bifente.workbench.cards.files import CardNews, check_card_place, edit, replace_card_file
from bifente.workbench.errors import WorkbenchError

if TYPE_CHECKING:
    from bifente.applets.perso.cardrecords import Meta, Records
    from bifente.applets.perso.edit.change import Changes
    from bifente.igc import Authority


class OpposedAlready(WorkbenchError):
    """The date of an opposition does not change: it is lifted first. ``card`` is the file."""

    kind = "input.opposed-already"

    def __init__(self, card: Path, since: date) -> None:
        super().__init__(f"{card}: opposed since {since} already")
        self.card = card


def set_field(
    card: Path,
    path: str,
    value: str | None,
    *,
    as_json: bool = False,
    issuer: "Authority | None" = None,
    must_sign: bool = False,
) -> CardNews:
    """Give the field at *path* another value; None takes the optional field, item or file away.

    *issuer* signs anew what its signature covered before; another authority's card stays as it is then, unless
    *must_sign*. Raises PersoError, what the issuer raises, StoreError, CorruptCard.
    """
    from bifente.applets.perso.edit import change

    def changed(records: "Records") -> "Changes":
        if value is None:
            changes = change.remove_field(records, path)
        else:
            changes = change.set_field(records, path, value, as_json=as_json)
        return _signed_anew(records, changes, issuer, must_sign=must_sign)

    return edit(card, changed)


def _signed_anew(
    records: "Records", changes: "Changes", issuer: "Authority | None", *, must_sign: bool
) -> "Changes":
    """*changes*, and the signature of the card's issuer over them when it covered what was there before."""
    from bifente.applets.perso import issuersigned
    from bifente.applets.perso.edit import change
    from bifente.applets.perso.errors import PersoError

    after = change.after(records, changes)
    if issuer is None or issuersigned.uncovered(records) or not issuersigned.uncovered(after):
        return changes
    try:
        return {**changes, **change.sign(after, issuer, date.today())}
    except PersoError:
        if must_sign:
            raise
        return changes  # another authority's card: what it shows then is said


def uncovered(card: Path) -> Sequence[str]:
    """The files that the issuer's signature does not cover as they are: terminals refuse what is read of them."""
    from bifente.applets import read_card
    from bifente.applets.perso import issuersigned

    return issuersigned.uncovered(read_card(card))


def need_signature(card: Path) -> None:
    """Raise WorkbenchError for a kind of card of which an issuer signs nothing."""
    from bifente.applets import read_card
    from bifente.applets.perso import issuersigned

    if issuersigned.signature_record(read_card(card)) is None:
        raise WorkbenchError(f"{card}: nothing on this kind of card is signed by an issuer")


def sign(card: Path, issuer: "Authority", day: date) -> CardNews:
    """Have the issuer sign what stands on the card now. Raises PersoError for another authority, StoreError."""
    from bifente.applets.perso.edit import change

    return edit(card, lambda records: change.sign(records, issuer, day))


def block(card: Path, *, puk: bool = False) -> CardNews:
    """Take all tries from the PIN, or from the PUK. Raises PersoError when the card has none."""
    from bifente.applets.perso.edit import change

    return edit(card, lambda records: change.block(records, puk=puk))


def expire(card: Path, issuer: "Authority", end: date) -> CardNews:
    """Issue the certificates again with *end* as the last day of validity. Raises PersoError, what the issuer raises."""
    from bifente.applets.perso.edit import change

    return edit(card, lambda records: change.expire(records, issuer, end))


def renew_professional(card: Path, issuer: "Authority", day: date) -> CardNews:
    """New certificates for the keys of a professional's card, from *day* on: the same holder, the same number.

    Those before stay valid until their end. Raises WorkbenchError for a card that is opposed or no professional's, PersoError,
    what the issuer raises.
    """
    from bifente.applets.perso.cardrecords import layout_of
    from bifente.applets.perso.edit import change
    from bifente.layouts.recognition import CPS
    from bifente.workbench.cards.opposing import opposed_since

    def changed(records: "Records") -> "Changes":
        if layout_of(records).party is not CPS:
            raise WorkbenchError(f"{card}: is not a professional's card", "input.not-professional")
        change.check_issuer(records, issuer)
        since = opposed_since(issuer, records)
        if since is not None:
            raise WorkbenchError(f"{card}: opposed since {since}: no certificate is issued for it")
        return change.renew_certificates(records, issuer, day)

    return edit(card, changed)


def need_card(card: Path) -> None:
    """Raise what is wrong with a card file, before anything else is done with it: StoreError, CorruptCard."""
    from bifente.applets import read_card

    read_card(card)


def oppose(
    card: Path, authority: "Authority", since: date | None = None, reason: str = "certificateHold"
) -> list[Path]:
    """Put the card on its authority's lists, from today on without *since*; the files written. Only the *reason*
    ``certificateHold`` can be lifted.

    Raises OpposedAlready for another date than that of its opposition, PersoError for another authority's card.
    """
    from bifente.applets.perso.edit import change
    from bifente.workbench.cards.opposing import add_card, opposed_since

    written: list[Path] = []

    def changed(records: "Records") -> "Changes":
        # with the card in hand: one that is in use, or may not be written, comes on no list
        change.check_issuer(records, authority)
        earlier = opposed_since(authority, records)
        day = since or earlier or date.today()
        if earlier is not None and day != earlier:
            raise OpposedAlready(card, earlier)
        changes = change.oppose(records, day)
        written.extend(add_card(authority, records, day, reason))
        return changes

    edit(card, changed)
    return written


def lift(card: Path, authority: "Authority") -> list[Path]:
    """Take the card off its authority's lists; the files written. Raises WorkbenchError when it is on none."""
    from bifente.applets.perso.cardrecords import meta_of
    from bifente.applets.perso.edit import change
    from bifente.workbench.cards.opposing import opposed_since, remove_card

    written: list[Path] = []

    def changed(records: "Records") -> "Changes":
        change.check_issuer(records, authority)
        earlier = opposed_since(authority, records)
        if earlier is None and meta_of(records).opposed is None:
            raise WorkbenchError(f"{card}: is on no list of opposed cards")
        changes = change.lift(records)
        written.extend(remove_card(authority, records) if earlier is not None else [])
        return changes

    edit(card, changed)
    return written


def clone(card: Path, output: Path, *, force: bool = False) -> "Meta":
    """Copy a card with everything in it to the file *output*. Raises WorkbenchError, StoreError, CorruptCard."""
    from bifente.applets.perso.cardrecords import meta_of
    from bifente.applets.store.stores import copy_card_file, read_snapshot

    check_card_place(output, force=force)
    records = read_snapshot(card)
    if output.exists():
        if output.samefile(card):
            raise WorkbenchError(f"{output}: is the card itself", hint="choose another name for the copy")
        replace_card_file(output, records)
    else:
        copy_card_file(card, output)
    return meta_of(records)


def restore(card: Path) -> "Meta":
    """Bring a card back to the state in which it was made. Raises StoreError, CorruptCard."""
    from bifente.applets import read_card
    from bifente.applets.perso.cardrecords import meta_of
    from bifente.applets.perso.edit import change

    edit(card, change.restore, healing=True)
    return meta_of(read_card(card))


def restore_from(card: Path, source: Path, *, force: bool = False) -> "Meta":
    """Bring a card to the state of the copy *source*; *force*: also of another card's, and over a damaged file.

    Raises WorkbenchError, StoreError, CorruptCard.
    """
    from bifente.applets import read_card
    from bifente.applets.kernel.errors import CorruptCard
    from bifente.applets.perso.cardrecords import meta_of
    from bifente.applets.perso.edit import change
    from bifente.applets.store.errors import NotACardFile

    copy = read_card(source)
    meta = meta_of(copy)

    def copied(records: "Records") -> "Changes":
        old = meta_of(records)
        if (old.kind, old.serial) != (meta.kind, meta.serial) and not force:
            raise WorkbenchError(
                f"{source}: is {meta.kind} card {meta.serial}, not {old.kind} card {old.serial}",
                "input.another-card",
            )
        return change.copied(records, copy)

    try:
        edit(card, copied)
    except (NotACardFile, CorruptCard) as error:
        if not force:
            raise WorkbenchError(str(error), "card-file.damaged") from error
        replace_card_file(card, copy)
    return meta_of(read_card(card))
