"""How much of a card's memory its files and keys take, of a kind of card whose layout says that it has little."""

from bifente.applets.kernel.records import SECRET_SIZE
from bifente.applets.perso.cardrecords import Records, card_files, content_bytes, layout_of
from bifente.applets.perso.errors import PersoError

HEADER = 8
"""Bytes that each file takes besides its content: identifier, size, rules (``synthetic``)."""


class CardFull(PersoError):
    """More was to be put on a card than it has memory for."""

    kind = "input.card-full"


def _taken(records: Records) -> list[tuple[str, str, int]]:
    """Name, meaning and bytes of each file, in the order of the card; the keys first."""
    layout = layout_of(records)
    keys = SECRET_SIZE * len(list(layout.secret_keys()))
    files = [
        (node.name, node.meaning, len(content_bytes(records, node, path)) + HEADER)
        for path, node in card_files(records, layout)
    ]
    return [("keys", "", keys), *files] if keys else files


def check_memory(records: Records) -> None:
    """Raise CardFull, which says what fits and what does not, when the card has not the memory for its files."""
    layout = layout_of(records)
    if layout.memory is None:
        return
    taken = _taken(records)
    whole = sum(size for _, _, size in taken)
    if whole <= layout.memory:
        return
    free, fitting = layout.memory, 0
    for _, _, size in taken:
        if size > free:
            break
        free -= size
        fitting += 1
    name, meaning, size = taken[fitting]
    last = taken[-1][0]
    rest = f"{name} to {last} do" if last != name else f"{name} does"
    before = f"up to {taken[fitting - 1][0]} all fits, " if fitting else ""
    raise CardFull(
        f"{layout.called} has {layout.memory} bytes of memory, this content takes {whole}: {before}"
        f"{rest} not ({meaning or name}: {size} bytes, {free} are free)",
        hint="leave people or periods out, or make a carte Vitale 2 of it",
    )


def memory_in_words(records: Records) -> str | None:
    """How much is taken, for a kind of card that has little; None for others."""
    memory = layout_of(records).memory
    if memory is None:
        return None
    whole = sum(size for _, _, size in _taken(records))
    return f"{whole} of {memory} bytes taken, a header of {HEADER} for each file counted (synthetic)"
