"""Leaves out of a comparison what was replaced by pseudonyms when it was recorded: it is no longer what the card says."""

from collections.abc import Iterable, Iterator

from bifente.traces.cleaning.pseudonyms import personal
from bifente.traces.explanation.dialogue import Follower
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import Exchange, Item


class Uncompared:
    """Hides what pseudonyms stand for, so that only its length counts; ``count`` says in how many exchanges it did."""

    def __init__(self) -> None:
        self.count = 0

    def hide(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items of a trace that holds pseudonyms, or of one that is compared with it."""
        follower = Follower()
        for item in items:
            if isinstance(item, Exchange):
                found = personal(item.command, item.response, follower.state(item.slot))
                follower.follow(item)
                if found is not None:
                    self.count += 1
                    span = [(found.start, found.stop)]
                    command, response = item.command, item.response
                    if found.written:
                        command = MaskedBytes.hiding(command.shown, (*span, *command.hidden))
                    else:
                        response = MaskedBytes.hiding(response.shown, (*span, *response.hidden))
                    yield item._replace(command=command, response=response)
                    continue
            else:
                follower.follow(item)
            yield item
