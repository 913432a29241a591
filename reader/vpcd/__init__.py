"""Way in 2: the slots behind a real system pcscd, through vsmartcard's virtual reader driver (vpcd)."""

from bifente.reader.vpcd.connections import BASE_PORT
from bifente.reader.vpcd.service import CardsOnVpcd, VpcdService, VpcdStatus, serve_vpcd
from bifente.reader.vpcd.slot import VpcdSettings, VpcdSlotState
from bifente.reader.vpcd.wire import LIMIT, ConnectionEnded, Control, Wire

__all__ = [
    "BASE_PORT",
    "LIMIT",
    "CardsOnVpcd",
    "ConnectionEnded",
    "Control",
    "VpcdService",
    "VpcdSettings",
    "VpcdSlotState",
    "VpcdStatus",
    "Wire",
    "serve_vpcd",
]
