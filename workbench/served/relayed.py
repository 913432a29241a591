"""The cards of real readers, offered by our socket here or on another machine."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from bifente.apdu.link import Card
from bifente.reader import TwoSlotReader
from bifente.reader.pcsclite import PcscServer
from bifente.reader.tunnel import Tunnel
from bifente.workbench.errors import WorkbenchError
from bifente.workbench.served.realreader import reader_called
from bifente.workbench.served.serving import Stop

if TYPE_CHECKING:
    from bifente.reader.pcsclite.slot import Observer
    from bifente.reader.pinpad import PinPad
    from bifente.workbench.served.slots import Wrapper


def serve_relay_until(
    stop: Stop,
    wanted: Sequence[str],
    path: Path,
    *,
    to: str | None,
    ssh: Sequence[str],
    wrappers: "Sequence[Wrapper]",
    pin_pad: "PinPad | None",
    observer: "Callable[[Sequence[str]], Observer] | None",
    tell: Callable[[str], None],
    offered: Callable[[str | Path], None],
) -> None:
    """Offer the cards of the real readers *wanted* on the socket *path*, and on the machine *to*, until *stop* is set.

    *tell* takes a line about what goes on, from several threads; *offered* the path of the socket once programs can use
    it. Raises WorkbenchError, ReaderError, LinkError; TunnelFailed when the connection does not come about or is lost.
    """
    names = [reader_called(one) for one in wanted]
    if len(set(names)) < len(names):
        raise WorkbenchError("the same reader is named twice", "usage")
    from bifente.reader.pyscard.relaywatch import RelayWatch

    with ExitStack() as running:
        readers = [running.enter_context(TwoSlotReader("relay", ("ICC",))) for _ in names]
        for reader, name in zip(readers, names, strict=True):
            around = _around(wrappers, name)
            running.enter_context(RelayWatch(reader, name, around=around, told=tell))
        observe = None if observer is None else observer(names)
        server = PcscServer(*readers, path=path, names=names, pin_pad=pin_pad, observe=observe)
        running.enter_context(server)
        if to is None:
            offered(server.path)
            stop.wait()
            return
        lost = Event()

        def ended() -> None:
            lost.set()
            stop.set()

        tunnel = Tunnel(server.path, to, command=list(ssh), lost=ended)
        running.callback(tunnel.close)
        round_trip = tunnel.start()
        tell(f"the socket is on {tunnel.host} now; there, this line makes a shell's programs use it")
        offered(tunnel.far_path)
        tell(f"a round trip takes {round_trip * 1000:.1f} ms: so much longer takes each command there")
        stop.wait()
        if lost.is_set():
            raise WorkbenchError(
                f"the connection to {tunnel.host} is lost: programs there see their reader gone",
                "no-card.connection-lost",
            )


def _around(wrappers: "Sequence[Wrapper]", name: str) -> Callable[[Card], Card]:
    def wrapped(card: Card) -> Card:
        for wrapper in wrappers:
            card = wrapper(card, name)
        return card

    return wrapped
