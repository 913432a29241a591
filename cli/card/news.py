"""What a change did to a card, as the commands that change cards say it: each field old → new, and what was noticed."""

from typing import TYPE_CHECKING

from bifente.cli.visible import say, say_json

if TYPE_CHECKING:
    from bifente.workbench.cards.files import CardNews


def say_news(news: "CardNews", *, as_json: bool, but: str | None = None) -> None:
    """Print what changed on stdout, what was noticed on stderr; or both as JSON.

    What begins with *but* is not said: the command has more to say of it.
    """
    found = news.differences
    noticed = [one for one in news.noticed if but is None or not one.startswith(but)]
    if as_json:
        changes = [{"where": one.where, "old": one.first, "new": one.second} for one in found]
        say_json({"changes": changes, "noticed": noticed})
        return
    signature = news.signed_anew
    for one in found:
        if one.where.partition("/")[0] == signature:
            say(f"{signature}: signed anew by the card's issuer")
        else:
            say(f"{one.where}: {one.first} → {one.second}")
    if not found:
        say("nothing has changed: it was so already")
    for finding in noticed:
        say(f"note: {finding}", err=True)
