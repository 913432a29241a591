"""A headless Chromium that is spoken to over a pipe (DevTools protocol): one start for many pages.

``--remote-debugging-pipe``: JSON with a zero byte behind each message, read from descriptor 3, written to descriptor 4.
"""

import json
import os
import select
import subprocess
from pathlib import Path
from time import monotonic
from typing import Any

SECONDS = 30.0


class Browser:
    """One page of a browser. ``complaints`` collects what its console and its log say."""

    def __init__(self, program: str, folder: Path) -> None:
        read_3, self._to = os.pipe()
        self._from, write_4 = os.pipe()
        # the numbers 3 and 4 are the shell's to give: Popen itself may be using them
        command = f'exec "$@" 3<&{read_3} 4>&{write_4}'
        options = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            f"--user-data-dir={folder}",
            "--remote-debugging-pipe",
            "about:blank",
        ]
        self._process = subprocess.Popen(
            ["bash", "-c", command, "bash", program, *options],
            pass_fds=(read_3, write_4),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(folder)},
            start_new_session=True,
        )
        os.close(read_3)
        os.close(write_4)
        self._buffer = b""
        self._last = 0
        self.complaints: list[str] = []
        self._loaded = False
        self._session = ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        """End the browser and everything it started."""
        os.close(self._to)
        os.close(self._from)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, 9)
            self._process.wait(10)

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """A command of the protocol, and what it gives."""
        self._last += 1
        message: dict[str, object] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        deadline = monotonic() + SECONDS
        while True:
            answer = self._next(deadline)
            if answer.get("id") == self._last:
                assert "error" not in answer, (method, answer["error"])
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, url: str, width: int = 900, height: int = 800) -> None:
        """Go to a page and wait until it is there."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self._loaded = False
        failed = self.call("Page.navigate", url=url).get("errorText")
        assert not failed, (url, failed)
        self.wait()

    def wait(self) -> None:
        """Wait until the page that was asked for is loaded."""
        deadline = monotonic() + SECONDS
        while not self._loaded:
            self._next(deadline)
        self._loaded = False

    def press(self, key: str, text: str = "") -> None:
        """Press a key."""
        codes = {"Tab": 9, "Enter": 13}
        given = {"key": key, "windowsVirtualKeyCode": codes.get(key, 0), "text": text}
        self.call("Input.dispatchKeyEvent", type="keyDown", **given)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=codes.get(key, 0))

    def value(self, expression: str) -> Any:
        """What an expression is in the page."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            assert monotonic() < deadline, "the browser does not answer"
            if select.select([self._from], [], [], 1)[0]:
                piece = os.read(self._from, 1 << 16)
                assert piece, "the browser has ended"
                self._buffer += piece
        raw, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(raw)
        method = message.get("method")
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Log.entryAdded":
            self.complaints.append(str(message["params"]["entry"]["text"]))
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.complaints.append(json.dumps(message["params"])[:300])
        return message
