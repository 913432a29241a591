"""The served reader behind a system pcscd, through the vpcd driver."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bifente.reader.vpcd import VpcdService, VpcdSettings
from bifente.workbench.served.control import Answer, ControlSocket
from bifente.workbench.served.serving import Stop
from bifente.workbench.served.slots import Slots

BASE_PORT = 0x8C7B
"""The vpcd driver's port for its first slot; the next slot has the next port."""


def serve_vpcd_until(
    stop: Stop,
    slots: Slots,
    port: int | None,
    *,
    listen: bool,
    control: Path,
    refusal: Callable[[Exception], Answer],
    tell: Callable[[str], None],
    ready: Callable[[], None],
) -> None:
    """Offer each reader of *slots* to a vpcd driver until *stop* is set; *tell* takes a line for each slot, then *ready* is called.

    *refusal* is what the control socket answers for an error.
    """
    first = BASE_PORT if port is None else port
    with ExitStack() as running:
        for number, reader in enumerate(slots.readers):
            settings = VpcdSettings(port=first + 2 * number, listen=listen)
            service = running.enter_context(VpcdService(reader, settings))
            for slot, used in zip(reader.slots, service.ports, strict=True):
                how = "waiting for the driver on" if listen else "calling the driver on"
                tell(f"{slot}: {how} port {used}")
        ready()
        channel = ControlSocket(control, slots.answer, refusal)
        try:
            stop.wait()
        finally:
            channel.close()
