"""The exchange of a login with the CPS, drawn from its recording (``docs/recordings/login.jsonl``)."""

import json
from collections.abc import Iterator
from pathlib import Path

from bifente.traces.explanation.explain import explain_command

_RECORDING = Path(__file__).parents[1] / "recordings" / "login.jsonl"

_MATTERS = ("0020000104", "0022", "0088")
"""What a login asks of the card: VERIFY with a PIN, MSE SET, INTERNAL AUTHENTICATE. All else is how OpenSC looks around."""

_SHOWN = 64

_WORDS = {
    "ClientHello": "the client says what it can do",
    "ServerHello": "the server chooses (0303 is TLS 1.2)",
    "ServerKeyExchange": "its share of the session key, signed by its key",
    "CertificateRequest": "it wants a certificate",
    "ServerHelloDone": "it waits",
    "ClientKeyExchange": "the client's share of the session key",
    "CertificateVerify": "the card's signature over all messages so far",
    "ChangeCipherSpec": "from here on enciphered",
    "Finished": "both have seen the same messages",
    "Alert": "good-bye",
}


def tables() -> Iterator[tuple[str, str]]:
    """The three steps of the exchange, each as a table in Markdown with the name of its file."""
    for step in (1, 2, 3):
        rows = [f"| {between} | {what} | {words} |" for at, between, what, words in _rows() if at == step]
        yield f"login-{step}.md", "\n".join(["| between | what | |", "|---|---|---|", *rows, ""])


def _rows() -> Iterator[tuple[int, str, str, str]]:
    """Each with its step: the card proves itself; the server, which has verified the certificate, agrees; access."""
    step, around, applications, shown = 1, 0, 0, False
    for line in _RECORDING.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        command = str(event.get("command", ""))
        # what an answer leaves is fetched with GET RESPONSE
        shown = command.startswith((*_MATTERS, "00C0") if shown else _MATTERS)
        if command and not shown:
            around += 1
            continue
        if around:
            yield step, "client → card", f"{around} commands", "OpenSC looks at what the card holds"
            around = 0
        if command:
            said = f"`{_cut(command)}` → `{_cut(str(event['answer']))}`"
            yield step, "client → card", said, _explained(command)
        elif "message" in event:
            sender, name = str(event["from"]), str(event["message"])
            words = _WORDS.get(name, "")
            if name == "application data":
                step, applications = 3, applications + 1
                words = "the request" if applications == 1 else "the page"
            elif sender == "server" and name == "ChangeCipherSpec":
                step = 2
            way = "client → server" if sender == "client" else "server → client"
            says = "" if event["says"] == "enciphered" else _cut(str(event["says"]), 170)
            size = f"{event['bytes']} byte{'' if event['bytes'] == 1 else 's'}"
            yield step, way, f"**{name}**, {size}", ": ".join(filter(None, (words, says)))


def _explained(command: str) -> str:
    if command.startswith("00C0"):
        return "GET RESPONSE: the signature, which is that of *CertificateVerify* below"
    if "*" in command:
        return "VERIFY: the PIN, four digits, masked here"
    return explain_command(bytes.fromhex(command)).splitlines()[0].strip()


def _cut(text: str, most: int = _SHOWN) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
