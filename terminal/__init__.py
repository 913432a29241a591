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
from bifente.terminal.patient import PatientSession, patient_session
from bifente.terminal.processors import Channel, connect
from bifente.terminal.recognise import Recognition, recognise
from bifente.terminal.vitale import VitaleSession
from bifente.terminal.vitale1 import Vitale1Session

__all__ = [
    "CardKind",
    "CardRefused",
    "Channel",
    "CpsAbsent",
    "CpsSession",
    "CpsUnusable",
    "NotIssued",
    "PatientSession",
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
    "Vitale1Session",
    "VitaleAbsent",
    "VitaleRemoved",
    "VitaleSession",
    "VitaleUnusable",
    "WrongPin",
    "connect",
    "patient_session",
    "recognise",
]
