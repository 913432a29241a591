"""A small model of the ISO test card, written from the standard alone: what it answers to every command that is drawn here.

It imports nothing of the emulator. Selection, PIN and PUK, logical channels, life cycles, access rules, records,
bytes and created files: each command is a function from the state to data and status word.
"""

from collections.abc import Callable
from typing import ClassVar

from isofiles import (
    ACTIVE,
    ALWAYS,
    DEACTIVATED,
    FOLDER_RULES,
    HOLDER,
    MASTER,
    OK,
    TERMINATED,
    UNBLOCKER,
    Channel,
    File,
    Folder,
    Refused,
    all_rules,
    closed,
    fresh_files,
    inside,
    put,
)


class IsoCard:
    """The state of the card, and its answers."""

    def __init__(self) -> None:
        self.mf = fresh_files()
        self.values = {1: b"1234", 2: b"12345678"}
        self.left = {1: 3, 2: 10}
        self.full = {1: 3, 2: 10}
        self.shortest = {1: 4, 2: 8}
        self.reset()

    def reset(self) -> None:
        """A fresh volatile state."""
        self.verified: set[int] = set()
        self.channels: dict[int, Channel] = {0: Channel(self.mf)}

    # --- every command -------------------------------------------------------------------------------------------

    def answer(
        self, channel: int, ins: int, p1: int, p2: int, data: bytes, ne: int | None
    ) -> tuple[bytes, int]:
        """Data and status word for a command on *channel*."""
        opened = False
        if channel not in self.channels:
            if (ins, p1) != (0xA4, 4):
                return b"", 0x6881
            self.channels[channel] = Channel(self.mf)
            opened = True
        self.now = self.channels[channel]
        self.number = channel
        try:
            if self.mf.state == TERMINATED:
                raise Refused(0x6985)
            anywhere = ins in (0xA4, 0x70, 0x44, 0x04, 0xE4, 0xE6, 0xE8, 0xFE)
            if closed(self.now.folder) and not anywhere:
                raise Refused(0x6985)
            answer = self._COMMANDS[ins](self, p1, p2, data, ne)
        except Refused as refusal:
            if opened and refusal.sw not in (0x6283, 0x6285):
                del self.channels[channel]
            return refusal.data[: ne or 0], refusal.sw
        return answer[: ne or 0], OK

    def _allow(self, rule: str | None) -> None:
        known = {HOLDER: 1, UNBLOCKER: 2}
        if rule == ALWAYS or (rule in known and known[rule] in self.verified):
            return
        raise Refused(0x6982)

    # --- selection and channels ----------------------------------------------------------------------------------

    def _select(self, p1: int, p2: int, data: bytes, _ne: int | None) -> bytes:
        assert p2 == 0x0C
        found = self._found(p1, data)
        if found is None:
            raise Refused(0x6A82)
        now = self.now
        now.record = 0
        if isinstance(found, File):
            now.file = found
            if p1 != 2:
                now.folder = found.parent
        else:
            now.file, now.folder = None, found
        if found.state in (DEACTIVATED, TERMINATED):
            raise Refused(0x6283 if found.state == DEACTIVATED else 0x6285)
        return b""

    def _found(self, p1: int, data: bytes) -> File | Folder | None:
        folder, fid = self.now.folder, int.from_bytes(data, "big")
        if p1 == 3:
            return folder.parent
        if p1 == 4:
            return self._named(data)
        if p1 == 8:
            return self._along(data)
        if p1 == 0:
            return self._by_identifier(folder, fid)
        if fid == MASTER and p1 == 2:
            return self.mf
        found = folder.children.get(fid)
        return found if isinstance(found, File if p1 == 2 else Folder) else None

    def _along(self, path: bytes) -> File | Folder | None:
        found: File | Folder | None = self.mf
        for at in range(0, len(path), 2):
            if not isinstance(found, Folder):
                return None
            found = found.children.get(int.from_bytes(path[at : at + 2], "big"))
        return found

    def _by_identifier(self, folder: Folder, fid: int) -> File | Folder | None:
        if fid == MASTER:
            return self.mf
        if fid in folder.children:
            return folder.children[fid]
        if fid == folder.fid:
            return folder
        if folder.parent is None:
            return None
        if fid == folder.parent.fid:
            return folder.parent
        beside = folder.parent.children.get(fid)
        return beside if isinstance(beside, Folder) else None

    def _named(self, name: bytes) -> Folder | None:
        folders = [each for each in inside(self.mf) if isinstance(each, Folder) and each.name]
        return next((each for each in folders if each.name.startswith(name)), None)

    def _channel(self, p1: int, p2: int, _data: bytes, ne: int | None) -> bytes:
        if p1 == 0x80:
            number = p2 or self.number
            if not number:
                raise Refused(0x6A86)
            if number not in self.channels:
                raise Refused(0x6881)
            del self.channels[number]
            return b""
        if not p2 and ne is None:
            raise Refused(0x6700)
        number = p2 or next((each for each in range(20) if each not in self.channels), 20)
        if number in self.channels or number > 19:
            raise Refused(0x6A81)
        self.channels[number] = Channel(self.now.folder if self.number else self.mf)
        return b"" if p2 else bytes((number,))

    # --- PIN and PUK ---------------------------------------------------------------------------------------------

    def _verify(self, p1: int, p2: int, data: bytes, _ne: int | None) -> bytes:
        if p1 == 0xFF:
            if data:
                raise Refused(0x6A87)
            if p2 and p2 not in self.values:
                raise Refused(0x6A88)
            self.verified.clear()
            return b""
        self._known(p2)
        if not data:
            if p2 in self.verified:
                return b""
            raise Refused(0x63C0 | min(self.left[p2], 15) if self.left[p2] else 0x6983)
        if not self._well_formed(p2, data):
            raise Refused(0x6A80)
        self._compare(p2, data)
        self.verified.add(p2)
        return b""

    def _known(self, reference: int) -> None:
        if reference not in self.values:
            raise Refused(0x6A88)

    def _well_formed(self, reference: int, value: bytes) -> bool:
        return self.shortest[reference] <= len(value) <= 8 and value.isdigit()

    def _compare(self, reference: int, value: bytes) -> None:
        if not self.left[reference]:
            raise Refused(0x6983)
        if value != self.values[reference]:
            self.left[reference] -= 1
            self.verified.discard(reference)
            raise Refused(0x63C0 | self.left[reference])
        self.left[reference] = self.full[reference]

    def _change(self, p1: int, p2: int, data: bytes, _ne: int | None) -> bytes:
        if p1:
            raise Refused(0x6A86)
        if not 8 <= len(data) <= 16:
            raise Refused(0x6700)
        self._known(p2)
        length = len(self.values[p2])
        self._compare(p2, data[:length])
        if not self._well_formed(p2, data[length:]):
            raise Refused(0x6A80)
        self.values[p2] = data[length:]
        return b""

    def _unblock(self, p1: int, p2: int, data: bytes, _ne: int | None) -> bytes:
        with_code, with_value = p1 in (0, 1), p1 in (0, 2)
        if bool(data) != (with_code or with_value) or len(data) > 16:
            raise Refused(0x6700)
        self._known(p2)
        if p2 == 2:
            raise Refused(0x6982)
        value = data
        if with_code:
            length = len(self.values[2])
            if not self._well_formed(2, data[:length]):
                raise Refused(0x6A80)
            self._compare(2, data[:length])
            value = data[length:]
        else:
            self._allow(UNBLOCKER)
            if not self.left[2]:
                raise Refused(0x6983)
        if with_value != bool(value) or (value and not self._well_formed(1, value)):
            raise Refused(0x6A80)
        if not with_code:
            self.verified.discard(2)
        self.left[1] = self.full[1]
        if value:
            self.values[1] = value
            self.verified.discard(1)
        return b""

    # --- bytes ---------------------------------------------------------------------------------------------------

    def _target(self, sfi: int) -> File:
        if sfi:
            files = [each for each in self.now.folder.children.values() if isinstance(each, File)]
            found = next((each for each in files if each.sfi == sfi), None)
            if found is None:
                raise Refused(0x6A82)
        else:
            found = self.now.file
            if found is None:
                raise Refused(0x6986)
        if closed(found):
            raise Refused(0x6985)
        return found

    def _bytes(self, p1: int, p2: int) -> tuple[File, int]:
        file = self._target(p1 & 0x1F if p1 & 0x80 else 0)
        if file.kind != "bytes":
            raise Refused(0x6981)
        return file, p2 if p1 & 0x80 else p1 << 8 | p2

    def _read(self, p1: int, p2: int, _data: bytes, ne: int | None) -> bytes:
        file, at = self._bytes(p1, p2)
        self._allow(file.rules.get("read"))
        if at >= len(file.content):
            raise Refused(0x6B00)
        self.now.file = file
        return self._cut(bytes(file.content[at:]), ne)

    @staticmethod
    def _cut(data: bytes, ne: int | None) -> bytes:
        if ne not in (None, 256) and ne is not None and len(data) < ne:
            raise Refused(0x6282, data)
        return data

    def _change_bytes(self, rule: str, p1: int, p2: int, data: bytes) -> bytes:
        file, at = self._bytes(p1, p2)
        self._allow(file.rules.get(rule))
        if at >= len(file.content):
            raise Refused(0x6B00)
        if at + len(data) > len(file.content):
            raise Refused(0x6A84)
        file.content[at : at + len(data)] = self._combined(
            file, rule, bytes(file.content[at : at + len(data)]), data
        )
        self.now.file = file
        return b""

    @staticmethod
    def _combined(file: File, rule: str, old: bytes, new: bytes) -> bytes:
        if rule == "update":
            return new
        if file.combine == "once":
            if any(old):
                raise Refused(0x6985)
            return new
        return bytes(a & b if file.combine == "and" else a | b for a, b in zip(old, new, strict=True))

    def _update(self, p1: int, p2: int, data: bytes, _ne: int | None) -> bytes:
        return self._change_bytes("update", p1, p2, data)

    def _write(self, p1: int, p2: int, data: bytes, _ne: int | None) -> bytes:
        return self._change_bytes("write", p1, p2, data)

    def _erase(self, p1: int, p2: int, _data: bytes, _ne: int | None) -> bytes:
        file, at = self._bytes(p1, p2)
        self._allow(file.rules.get("update"))
        if at >= len(file.content):
            raise Refused(0x6B00)
        size = len(file.content) - at
        file.content[at:] = (b"\xff" if file.combine == "and" else b"\0") * size
        self.now.file = file
        return b""

    # --- records -------------------------------------------------------------------------------------------------

    def _records(self, sfi: int) -> File:
        file = self._target(sfi)
        if file.kind == "bytes":
            raise Refused(0x6981)
        return file

    def _places(self, file: File, p1: int, p2: int) -> list[int]:
        count, mode = len(file.records), p2 & 7
        current = 0 if p2 >> 3 else self.now.record
        if mode < 4:
            if p1:
                raise Refused(0x6A83)
            place = {0: 1, 1: count, 2: current + 1, 3: current - 1 if current else count}[mode]
            if not 1 <= place <= count:
                raise Refused(0x6A83)
            return [place]
        number = p1 or current
        if not 1 <= number <= count:
            raise Refused(0x6A83)
        if mode == 4:
            return [number]
        return list(range(number, count + 1)) if mode == 5 else list(range(count, number - 1, -1))

    def _point(self, file: File, p2: int, place: int) -> None:
        if p2 >> 3:
            self.now.file, self.now.record = file, 0
        if p2 & 7 < 4:
            self.now.record = place

    def _read_record(self, p1: int, p2: int, _data: bytes, ne: int | None) -> bytes:
        file = self._records(p2 >> 3)
        self._allow(file.rules.get("read"))
        places = self._places(file, p1, p2)
        self._point(file, p2, places[0])
        return self._cut(b"".join(file.records[place - 1] for place in places), ne)

    def _fits(self, file: File, data: bytes) -> None:
        if len(data) > file.size or (file.kind != "variable" and len(data) != file.size):
            raise Refused(0x6700)

    def _add(self, file: File, data: bytes) -> int:
        if file.kind == "cyclic":
            file.records.insert(0, data)
            del file.records[file.most :]
            return 1
        if len(file.records) == file.most:
            raise Refused(0x6A84)
        file.records.append(data)
        return len(file.records)

    def _change_record(self, rule: str, p1: int, p2: int, data: bytes) -> bytes:
        if p2 & 7 > 4 or (p2 & 7 < 4 and p1):
            raise Refused(0x6A86)
        file = self._records(p2 >> 3)
        self._allow(file.rules.get(rule))
        self._fits(file, data)
        if file.kind == "cyclic" and p2 & 7 == 3:
            self._point(file, p2, self._add(file, data))
            return b""
        place = self._places(file, p1, p2)[0]
        old = file.records[place - 1]
        if rule == "write" and len(old) != len(data):
            raise Refused(0x6700)
        file.records[place - 1] = self._combined(file, rule, old, data)
        self._point(file, p2, place)
        return b""

    def _update_record(self, p1: int, p2: int, data: bytes, _ne: int | None) -> bytes:
        return self._change_record("update", p1, p2, data)

    def _write_record(self, p1: int, p2: int, data: bytes, _ne: int | None) -> bytes:
        return self._change_record("write", p1, p2, data)

    def _erase_record(self, p1: int, p2: int, _data: bytes, _ne: int | None) -> bytes:
        if p2 & 7 not in (4, 5):
            raise Refused(0x6A86)
        file = self._records(p2 >> 3)
        self._allow(file.rules.get("update"))
        places = self._places(file, p1, p2)
        for place in places:
            file.records[place - 1] = bytes(len(file.records[place - 1]))
        self._point(file, p2, places[0])
        return b""

    def _append(self, _p1: int, p2: int, data: bytes, _ne: int | None) -> bytes:
        file = self._records(p2 >> 3)
        self._allow(file.rules.get("write"))
        self._fits(file, data)
        place = self._add(file, data)
        self.now.file, self.now.record = file, place
        return b""

    # --- life ----------------------------------------------------------------------------------------------------

    def _meant(self, data: bytes) -> File | Folder:
        if not data:
            return self.now.file or self.now.folder
        found = self.now.folder.children.get(int.from_bytes(data, "big"))
        if found is None:
            raise Refused(0x6A82)
        return found

    def _enter(self, node: File | Folder, rule: str, state: int) -> bytes:
        self._allow(node.rules.get(rule))
        if node.state == TERMINATED:
            raise Refused(0x6985)
        node.state = state
        return b""

    def _activate(self, _p1: int, _p2: int, data: bytes, _ne: int | None) -> bytes:
        return self._enter(self._meant(data), "activate", ACTIVE)

    def _deactivate(self, _p1: int, _p2: int, data: bytes, _ne: int | None) -> bytes:
        return self._enter(self._meant(data), "deactivate", DEACTIVATED)

    def _terminate_ef(self, _p1: int, _p2: int, data: bytes, _ne: int | None) -> bytes:
        meant = self._meant(data)
        if isinstance(meant, Folder):
            raise Refused(0x6985)
        return self._enter(meant, "terminate", TERMINATED)

    def _terminate_df(self, _p1: int, _p2: int, data: bytes, _ne: int | None) -> bytes:
        meant = self._meant(data) if data else self.now.folder
        if not isinstance(meant, Folder) or meant is self.mf:
            raise Refused(0x6985)
        return self._enter(meant, "terminate", TERMINATED)

    def _terminate_card(self, _p1: int, _p2: int, _data: bytes, _ne: int | None) -> bytes:
        return self._enter(self.mf, "terminate", TERMINATED)

    def _create(self, _p1: int, _p2: int, data: bytes, _ne: int | None) -> bytes:
        """The parameters of :func:`isofiles.parameters` alone."""
        folder, fid = self.now.folder, int.from_bytes(data[-2:], "big")
        is_folder = data[4] == 0x38
        self._allow(folder.rules.get("create"))
        if fid in folder.children or fid == folder.fid:
            raise Refused(0x6A89)
        if is_folder:
            depth, around = 1, folder.parent
            while around is not None:
                depth, around = depth + 1, around.parent
            if depth >= 8:
                raise Refused(0x6A84)
            rules = dict.fromkeys((*FOLDER_RULES, "delete"), ALWAYS)
            made = Folder(fid, folder, rules, permanent=False)
            folder.children[fid] = made
            self.now.folder, self.now.file = made, None
        else:
            sfi = fid & 0x1F or None
            if sfi in {each.sfi for each in folder.children.values() if isinstance(each, File) and each.sfi}:
                raise Refused(0x6A89)
            rules = {**all_rules(ALWAYS), "terminate": ALWAYS}
            put(File(fid, sfi, folder, "bytes", rules, bytearray(8), combine="once"))
            self.now.file = folder.children[fid]  # type: ignore[assignment]  # it was put there a line before
        self.now.record = 0
        return b""

    def _delete(self, _p1: int, _p2: int, data: bytes, _ne: int | None) -> bytes:
        meant = self._meant(data)
        parent = meant.parent
        if parent is None:
            raise Refused(0x6985)
        try:
            self._allow(meant.rules.get("delete"))
        except Refused:
            self._allow(parent.rules.get("delete child"))
        gone = inside(meant)
        if any(isinstance(each, Folder) and each.permanent for each in gone):
            raise Refused(0x6985)
        del parent.children[meant.fid]
        for channel in self.channels.values():
            if channel.folder in gone:
                channel.folder = parent
            if channel.file in gone:
                channel.file, channel.record = None, 0
        return b""

    _COMMANDS: ClassVar[dict[int, Callable[..., bytes]]] = {
        0xA4: _select, 0x70: _channel, 0x20: _verify, 0x24: _change, 0x2C: _unblock, 0xB0: _read, 0xD6: _update,
        0xD0: _write, 0x0E: _erase, 0xB2: _read_record, 0xDC: _update_record, 0xD2: _write_record, 0x0C: _erase_record,
        0xE2: _append, 0x44: _activate, 0x04: _deactivate, 0xE8: _terminate_ef, 0xE6: _terminate_df,
        0xFE: _terminate_card, 0xE0: _create, 0xE4: _delete,
    }  # fmt: skip
