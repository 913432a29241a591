"""What a change did to a card, as the commands that change cards say it: each field old → new, and what was noticed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from bifente.applets.perso.cardrecords import Records
    from bifente.applets.perso.edit.compare import Difference


class CardNews(NamedTuple):
    """The card before and after a change. Secrets are compared, never shown."""

    before: "Records"
    after: "Records"

    @property
    def differences(self) -> "Sequence[Difference]":
        """Each field that has another value now."""
        from bifente.applets.perso.edit.compare import compare

        return compare(self.before, self.after)

    @property
    def noticed(self) -> list[str]:
        """What is odd about the card now and was not before."""
        from bifente.applets.perso.edit.view import noticed

        known = set(noticed(self.before))
        return [one for one in noticed(self.after) if one not in known]


def say_news(news: CardNews, *, as_json: bool, but: str | None = None) -> None:
    """Print what changed on stdout, what was noticed on stderr; or both as JSON.

    What begins with *but* is not said: the command has more to say of it.
    """
    found = news.differences
    noticed = [one for one in news.noticed if but is None or not one.startswith(but)]
    if as_json:
        changes = [{"where": one.where, "old": one.first, "new": one.second} for one in found]
        say_json({"changes": changes, "noticed": noticed})
        return
    for one in found:
        say(f"{one.where}: {one.first} → {one.second}")
    if not found:
        say("nothing has changed: it was so already")
    for finding in noticed:
        say(f"note: {finding}", err=True)
