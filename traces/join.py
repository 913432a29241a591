"""Puts the halves of T=0 together: a command, its GET RESPONSEs and its repetition with the right Le are one exchange."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bifente.apdu.instructions import GET_RESPONSE
from bifente.traces.maskedbytes import MaskedBytes
from bifente.traces.model import Exchange, Item, Level


@dataclass(slots=True)
class _Held:
    """An exchange whose answer is not complete yet."""

    exchange: Exchange
    data: list[MaskedBytes]
    end: int
    parts: int = 1


def joined(items: Iterable[Item]) -> Iterator[Item]:
    """The items with T=0 halves put together; what is whole passes unchanged, as does what nobody fetched.

    A joined exchange is of level APDU, has the command as it was first sent (with the Le that was right), the whole
    data, and the last status word. Exchanges of different slots may overtake each other by as much as one waits.
    """
    for item, _ in counted(items):
        yield item


def counted(items: Iterable[Item]) -> Iterator[tuple[Item, int]]:
    """As :func:`joined`, each item with the number of those it is made of."""
    held: dict[str, _Held] = {}
    for item in items:
        waiting = held.get(item.slot)
        if not isinstance(item, Exchange):
            if waiting is not None:
                del held[item.slot]
                yield _whole(waiting), waiting.parts
            yield item, 1
            continue
        if waiting is not None:
            if _continues(waiting, item):
                if not _add(waiting, item):
                    del held[item.slot]
                    yield _whole(waiting), waiting.parts
                continue
            del held[item.slot]
            yield _whole(waiting), waiting.parts
        status = item.response.shown[-2:-1]
        if status in (b"\x61", b"\x6c") and not item.response.hides(
            len(item.response) - 2, len(item.response)
        ):
            data = _part(item.response) if status == b"\x61" else MaskedBytes(b"")
            held[item.slot] = _Held(item, [data], item.time + item.duration)
        else:
            yield item, 1
    for waiting in held.values():
        yield _whole(waiting), waiting.parts


def _continues(waiting: _Held, item: Exchange) -> bool:
    command, before = item.command.shown, waiting.exchange
    if len(item.response) < 2 or len(command) != 5:
        return False
    last = before.response.shown
    if last[-2] == 0x6C:
        return command[:4] == before.command.shown[:4] and command[4] == last[-1]
    return command[1] == GET_RESPONSE


def _add(waiting: _Held, item: Exchange) -> bool:
    """Take the next part; False when it was the last."""
    waiting.parts += 1
    waiting.end = max(item.time + item.duration, waiting.end)
    status = item.response.shown[-2]
    before = waiting.exchange
    if before.response.shown[-2] == 0x6C:
        # The right Le takes the place of the wrong one.
        command = item.command if len(before.command) == 5 else before.command
        waiting.exchange = _with(before, command, item)
    elif status == 0x6C:
        return True  # GET RESPONSE has to be repeated itself
    else:
        waiting.exchange = _with(before, before.command, item)
    waiting.data.append(_part(item.response))
    return status == 0x61


def _with(exchange: Exchange, command: MaskedBytes, item: Exchange) -> Exchange:
    """*exchange* as far as *item* has brought it: the card's last word counts."""
    return exchange._replace(command=command, response=item.response, why=item.why)


def _part(response: MaskedBytes) -> MaskedBytes:
    """The data of an answer."""
    size = len(response) - 2
    return MaskedBytes.hiding(response.shown[:size], response.hidden)


def _whole(waiting: _Held) -> Exchange:
    exchange = waiting.exchange
    if waiting.parts == 1:
        return exchange
    shown, hidden = bytearray(), []
    for part in waiting.data:
        hidden += [(len(shown) + start, len(shown) + stop) for start, stop in part.hidden]
        shown += part.shown
    response = MaskedBytes.hiding(bytes(shown) + exchange.response.shown[-2:], hidden)
    duration = max(waiting.end - exchange.time, 0)
    return Exchange(
        exchange.command, response, exchange.time, duration, exchange.slot, Level.APDU, exchange.why
    )
