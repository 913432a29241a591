"""One client: its connection, its context, its handles.

A few clients have a thread each; many share the threads of :mod:`~bifente.reader.pcsclite.workers`. A client that sends what is not a message, uses a handle that it does not have or
names a command that does not exist loses its connection, as under pcscd; whatever it held is given back.
"""

import socket
import struct
from collections import deque
from collections.abc import Callable
from os import urandom
from threading import Lock
from typing import TYPE_CHECKING, Final

from bifente.reader.pcsclite.attributes import TooLong, attribute, control
from bifente.reader.pcsclite.codes import (
    MAJOR,
    MAX_BUFFER,
    MAX_BUFFER_EXTENDED,
    MAX_READERS,
    NEWEST_MINOR,
    OLDEST_MINOR,
    SCOPES,
    Rv,
)
from bifente.reader.pcsclite.handle import ClientGone, Handle, Refused
from bifente.reader.pcsclite.messages import (
    EVENTS,
    HEADER,
    LAYOUTS,
    STATE_COUNT,
    WAIT,
    Command,
)

if TYPE_CHECKING:
    from bifente.reader.pcsclite.server import PcscServer

MAX_CARDS: Final = 200
"""Handles of one client (pcscd: PCSC_MAX_CONTEXT_CARD_HANDLES)."""

_SEND_SECONDS: Final = 30
"""How long a client may take to read an answer."""

_PIECE: Final = 65536
_TRANSMIT: Final = LAYOUTS[Command.TRANSMIT]
_CONTROL: Final = LAYOUTS[Command.CONTROL]
_TRANSMIT_WHOLE: Final = HEADER.size + _TRANSMIT.size


class Client:
    """The server's side of one connection."""

    def __init__(self, server: "PcscServer", connection: socket.socket) -> None:
        self._server = server
        self._socket = connection
        self._sending = Lock()
        self._received = b""
        self._drained = True
        self._pooled = False
        self._news: deque[bytes] = deque()
        self._news_held = False
        self._cards: dict[int, Handle] = {}
        self._minor = NEWEST_MINOR
        self.context = 0
        """The number of its SCARDCONTEXT; 0: none."""
        connection.settimeout(None)
        # A reader of answers that sleeps must not hold this thread for ever.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", _SEND_SECONDS, 0))

    def fileno(self) -> int:
        """The descriptor of the connection."""
        return self._socket.fileno()

    def serve(self) -> bool:
        """Answer messages, in a thread of the client's own. False when the client is gone, True when there are so many
        that the threads of all are to go on with it.
        """
        try:
            while not self._server.crowded or self._received:
                self._one_message()
        except (ClientGone, OSError):
            self._leave()  # the ordinary end of a client
            return False
        except BaseException:
            self._leave()
            raise
        self._pooled = True
        return True

    def step(self, *, ending: bool) -> bool:
        """Answer the messages that have come, the rest of one that is not whole included.

        False when the client is gone; what it held has been given back then. *ending*: it has closed its end.
        """
        try:
            while True:
                if not self._received:
                    piece = self._socket.recv(_PIECE, socket.MSG_DONTWAIT)
                    if not piece:
                        raise ClientGone
                    self._received, self._drained = piece, len(piece) < _PIECE
                self._one_message()
                # Less than there was room for: nothing more is there (epoll(7)).
                if not self._received and self._drained and not ending:
                    return True
        except BlockingIOError:
            return True
        except (ClientGone, OSError):
            self._leave()  # the ordinary end of a client
        except BaseException:
            self._leave()
            raise
        return False

    def _leave(self) -> None:
        self._server.forget(self)
        try:
            self._release_cards()
        finally:
            self._socket.close()

    def hang_up(self) -> None:
        """Make the client's service end, from any thread."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def notify(self, rv: Rv) -> None:
        """Tell a waiting client that something has changed or that its wait is over; never waits itself."""
        self._news.append(WAIT.pack(0, rv))
        self._flush_news()

    def _flush_news(self) -> None:
        """Send what is to be told, unless an answer is being sent just now: then its sender does this afterwards."""
        while self._news and not self._news_held and self._sending.acquire(blocking=False):
            try:
                while self._news and not self._news_held:
                    self._socket.send(self._news.popleft(), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
            except OSError:
                self.hang_up()
            finally:
                self._sending.release()

    # Framing

    def _need(self, size: int) -> None:
        """Have at least *size* bytes received."""
        received = self._received
        while len(received) < size:
            room = max(_PIECE, size)
            piece = self._socket.recv(room)
            if not piece:
                raise ClientGone
            self._drained = len(piece) < room
            received = received + piece if received else piece
        self._received = received

    def _take(self, size: int) -> bytes:
        self._need(size)
        taken, self._received = self._received[:size], self._received[size:]
        return taken

    def _send(self, answer: bytes) -> None:
        with self._sending:
            self._socket.sendall(answer)
        if self._news:
            self._flush_news()

    def _one_message(self) -> None:
        self._need(HEADER.size)
        size, command = HEADER.unpack_from(self._received)
        if command == Command.TRANSMIT:
            self._transmit(size)
            return
        layout = LAYOUTS.get(command)
        answer = _ANSWERS.get(command)
        # What commands without a structure are sent with is not looked at, as under pcscd.
        if answer is None or (layout is not None and size != layout.size):
            raise ClientGone
        self._received = self._received[HEADER.size :]
        fields = () if layout is None else layout.unpack(self._take(layout.size))
        answer(self, *fields)

    def _answer(self, command: Command, *fields: int | bytes) -> None:
        self._send(LAYOUTS[command].pack(*fields))

    # Version and context

    def _version(self, major: int, minor: int, rv: int) -> None:
        if major == MAJOR and OLDEST_MINOR <= minor <= NEWEST_MINOR:
            self._minor = minor
            self._answer(Command.VERSION, MAJOR, minor, Rv.SUCCESS)
        else:
            self._answer(Command.VERSION, MAJOR, NEWEST_MINOR, Rv.SERVICE_STOPPED)

    def _establish(self, scope: int, context: int, rv: int) -> None:
        if scope not in SCOPES:
            self._answer(Command.ESTABLISH_CONTEXT, scope, 0, Rv.INVALID_VALUE)
            return
        self._server.name_context(self)
        self._answer(Command.ESTABLISH_CONTEXT, scope, self.context, Rv.SUCCESS)

    def _release(self, context: int, rv: int) -> None:
        if not self.context:
            result = Rv.INVALID_HANDLE
        elif context != self.context:
            result = Rv.INVALID_VALUE
        else:
            self._release_cards()
            self.context = 0
            result = Rv.SUCCESS
        self._answer(Command.RELEASE_CONTEXT, context, result)

    def _release_cards(self) -> None:
        cards, self._cards = list(self._cards.values()), {}
        for handle in cards:
            handle.slot.abandon(handle)

    def _cancel(self, context: int, rv: int) -> None:
        self._answer(Command.CANCEL, context, self._server.cancel(context))

    # Readers' states and events

    def _readers_state(self) -> None:
        self._states_and_news()

    def _states_and_news(self) -> None:
        self._send(self._server.states())
        self._news_held = False
        self._flush_news()

    def _state_count(self) -> None:
        self._send(STATE_COUNT.pack(MAX_READERS))

    def _reader_events(self) -> None:
        self._send(EVENTS.pack(self._server.reader_events, Rv.SUCCESS))

    def _wait(self) -> None:
        # The states come first, the news afterwards, or the client would take one for the other. Since 4:6 it asks
        # for the states itself.
        self._news_held = True
        self._server.wait(self)
        if self._minor < 6:
            self._states_and_news()

    def _stop_waiting(self) -> None:
        waited = self._server.stop_waiting(self)
        self._news_held = False
        self._flush_news()
        if waited:
            self._send(WAIT.pack(0, Rv.SUCCESS))

    # Cards

    def _handle(self, card: int) -> Handle:
        handle = self._cards.get(card)
        if handle is None or not self.context:
            raise ClientGone
        return handle

    def _alive(self) -> bool:
        """The client has not closed its end."""
        try:
            return self._socket.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return not self._server.shutting
        except OSError:
            return False

    def _connect(
        self, context: int, reader: bytes, share: int, preferred: int, card: int, active: int, rv: int
    ) -> None:
        number, result = 0, Rv.SUCCESS
        try:
            if not self.context:
                raise Refused(Rv.INVALID_HANDLE)
            if context != self.context:
                raise Refused(Rv.INVALID_VALUE)
            if len(self._cards) >= MAX_CARDS:
                raise Refused(Rv.NO_MEMORY)
            slot = self._server.slot(reader.partition(b"\0")[0])
            if self._pooled and slot.taken:
                self._server.relieve()
            handle, active = slot.connect(self._new_number(), share, preferred, self._alive)
            number = handle.number
            self._cards[number] = handle
        except Refused as refused:
            result = refused.rv
        self._answer(Command.CONNECT, context, reader, share, preferred, number, active, result)

    def _new_number(self) -> int:
        while True:
            number = int.from_bytes(urandom(4)) >> 1
            if number and number not in self._cards:
                return number

    def _reconnect(
        self, card: int, share: int, preferred: int, initialization: int, active: int, rv: int
    ) -> None:
        handle = self._handle(card)
        active, result = 0, Rv.SUCCESS
        if self._pooled and initialization:
            self._server.relieve()
        try:
            active = handle.slot.reconnect(handle, share, preferred, initialization)
        except Refused as refused:
            result = refused.rv
        self._answer(Command.RECONNECT, card, share, preferred, initialization, active, result)

    def _disconnect(self, card: int, disposition: int, rv: int) -> None:
        handle = self._handle(card)
        result = Rv.SUCCESS
        if self._pooled and disposition:
            self._server.relieve()
        try:
            handle.slot.disconnect(handle, disposition, self._alive)
            del self._cards[card]
        except Refused as refused:
            result = refused.rv
        self._answer(Command.DISCONNECT, card, disposition, result)

    def _begin(self, card: int, rv: int) -> None:
        handle = self._handle(card)
        if self._pooled and handle.slot.taken:
            self._server.relieve()
        self._answer(Command.BEGIN_TRANSACTION, card, _result(lambda: handle.slot.begin(handle)))

    def _end(self, card: int, disposition: int, rv: int) -> None:
        handle = self._handle(card)
        result = _result(lambda: handle.slot.end(handle, disposition))
        self._answer(Command.END_TRANSACTION, card, disposition, result)

    def _status(self, card: int, rv: int) -> None:
        handle = self._handle(card)
        self._answer(Command.STATUS, card, _result(lambda: handle.slot.check(handle)))

    def _transmit(self, size: int) -> None:
        if size != _TRANSMIT.size:
            raise ClientGone
        self._need(_TRANSMIT_WHOLE)
        received = self._received
        card, protocol, send_pci, length, receive_protocol, receive_pci, room, _ = _TRANSMIT.unpack_from(
            received, 8
        )
        handle = self._cards.get(card)
        if handle is None or length > MAX_BUFFER_EXTENDED:
            raise ClientGone
        whole = _TRANSMIT_WHOLE + length
        if len(received) < whole:
            self._need(whole)
            received = self._received
        self._received = received[whole:]
        answer, result = b"", 0
        if self._pooled and handle.slot.slow:
            self._server.relieve()
        try:
            answer = handle.slot.transmit(handle, protocol, received[_TRANSMIT_WHOLE:whole])
            received_length = len(answer)
            if received_length > room:
                # The command was carried out; the client is told how long the answer was.
                answer, result = b"", Rv.INSUFFICIENT_BUFFER
        except Refused as refused:
            received_length, result = 0, refused.rv
        structure = _TRANSMIT.pack(
            card, protocol, send_pci, length, receive_protocol, receive_pci, received_length, result
        )
        with self._sending:
            self._socket.sendall(structure + answer)
        if self._news:
            self._flush_news()

    def _control(self, card: int, code: int, length: int, room: int, returned: int, rv: int) -> None:
        handle = self._handle(card)
        if length > MAX_BUFFER_EXTENDED:
            raise ClientGone
        data = self._take(length)
        if self._pooled:
            self._server.relieve()  # somebody may have to type a PIN
        answer, result, returned = b"", Rv.SUCCESS, 0
        try:
            handle.slot.check(handle, events=False)
            answer = control(handle.slot, handle, code, data, self._server.pin_pad)
            returned = len(answer)
            if returned > room:
                answer, result = b"", Rv.INSUFFICIENT_BUFFER
        except Refused as refused:
            result = refused.rv
        self._send(_CONTROL.pack(card, code, length, room, returned, result) + answer)

    def _get_attribute(self, card: int, which: int, value: bytes, length: int, rv: int) -> None:
        handle = self._handle(card)
        if length > MAX_BUFFER:
            raise ClientGone
        value, result = b"", Rv.SUCCESS
        try:
            handle.slot.check(handle)
            value = attribute(handle.slot, self._server.unit(handle.slot), which, length)
            length = len(value)
        except TooLong as refused:
            length, result = refused.length, refused.rv
        except Refused as refused:
            result = refused.rv
        self._answer(Command.GET_ATTRIB, card, which, value, length, result)

    def _set_attribute(self, card: int, which: int, value: bytes, length: int, rv: int) -> None:
        handle = self._handle(card)
        if length > MAX_BUFFER:
            raise ClientGone
        result = _result(lambda: handle.slot.check(handle))
        # No attribute of this reader can be set.
        self._answer(Command.SET_ATTRIB, card, which, value, length, result or Rv.UNSUPPORTED_FEATURE)


def _result(call: Callable[[], None]) -> Rv:
    try:
        call()
    except Refused as refused:
        return refused.rv
    return Rv.SUCCESS


_ANSWERS: Final[dict[int, Callable[..., None]]] = {
    Command.ESTABLISH_CONTEXT: Client._establish,
    Command.RELEASE_CONTEXT: Client._release,
    Command.CONNECT: Client._connect,
    Command.RECONNECT: Client._reconnect,
    Command.DISCONNECT: Client._disconnect,
    Command.BEGIN_TRANSACTION: Client._begin,
    Command.END_TRANSACTION: Client._end,
    Command.CONTROL: Client._control,
    Command.STATUS: Client._status,
    Command.CANCEL: Client._cancel,
    Command.GET_ATTRIB: Client._get_attribute,
    Command.SET_ATTRIB: Client._set_attribute,
    Command.VERSION: Client._version,
    Command.GET_READERS_STATE: Client._readers_state,
    Command.WAIT_READER_STATE_CHANGE: Client._wait,
    Command.STOP_WAITING_READER_STATE_CHANGE: Client._stop_waiting,
    Command.GET_READER_EVENTS: Client._reader_events,
    Command.GET_READERS_STATE_SIZE: Client._state_count,
    Command.GET_READERS_STATE_ARRAY: Client._readers_state,
}
"""What answers a command; TRANSMIT has a path of its own."""
