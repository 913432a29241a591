"""The side that asks: sessions with a CPS and a carte Vitale over links, and their mutual recognition."""

from bifente.terminal.cps import CpsSession, PinStatus
from bifente.terminal.errors import (
    CardKind,
    CardRefused,
    CpsAbsent,
    CpsUnusable,
    NotIssued,
    PinBlocked,
    PinMalformed,
    PinRequired,
    ProtocolBroken,
    PukBlocked,
    ReaderFailed,
    RecognitionRequired,
    TerminalError,
    TestWithReal,
    VitaleAbsent,
    VitaleRemoved,
    VitaleUnusable,
    WrongPin,
)
from bifente.terminal.processors import Channel, connect
from bifente.terminal.recognise import Recognition, recognise
from bifente.terminal.vitale import VitaleSession

__all__ = [
    "CardKind",
    "CardRefused",
    "Channel",
    "CpsAbsent",
    "CpsSession",
    "CpsUnusable",
    "NotIssued",
    "PinBlocked",
    "PinMalformed",
    "PinRequired",
    "PinStatus",
    "ProtocolBroken",
    "PukBlocked",
    "ReaderFailed",
    "Recognition",
    "RecognitionRequired",
    "TerminalError",
    "TestWithReal",
    "VitaleAbsent",
    "VitaleRemoved",
    "VitaleSession",
    "VitaleUnusable",
    "WrongPin",
    "connect",
    "recognise",
]
