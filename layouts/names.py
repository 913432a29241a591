"""Names for what a dialogue mentions by number: applications, files, keys and PINs of the cards described here.

Besides, the applications that PC/SC software looks for on every card, so that its probes can be told from a real use.
"""

from collections.abc import Iterator
from functools import cache

from bifente.layouts.faces import contactless
from bifente.layouts.nodes import DF, EF, Layout
from bifente.layouts.registry import kinds, layout_of, layouts

MF_FID = 0x3F00

_FOREIGN = {
    "8025000001FF0002": "CPS2ter",
    "A0000001510000": "GlobalPlatform issuer domain",
    "A000000003000000": "GlobalPlatform issuer domain",
    "A00000030800001000": "PIV",
    "A000000308000010000100": "PIV",
    "A000000116DB00": "CAC",
    "A0000000790": "CAC",
    "A00000000101": "MUSCLE",
    "D27600012401": "OpenPGP",
    "A00000039742544659": "GIDS",
    "F276A288BCFBA69D34F31001": "IsoApplet",
    "E82B0601040181C31F0201": "SmartCard-HSM",
    "D23300000045737445494420763335": "EstEID",
    "A0000000308000000009816001": "CIE IAS",
    "A00000000039": "CIE",
    "A000000063504B43532D3135": "PKCS #15",
}
"""AIDs, or their beginnings, that are public and none of these cards (the probing orders of OpenSC 0.23)."""


def layout_for_atr(atr: bytes) -> Layout | None:
    """The card that answers a reset so; bytes in which specimens of a kind differ do not count."""
    found = [layout for layout in all_faces() if layout.answers_reset_with(atr)]
    return next((layout for layout in found if layout.atr == atr), found[0] if found else None)


def all_faces() -> Iterator[Layout]:
    """The layouts of all kinds, and after each the one that its chip shows without contacts."""
    for layout in layouts():
        yield layout
        if layout.contactless is not None:
            yield contactless(layout)


_CPS = bytes.fromhex("001225006480")
_CPS_WITHOUT_CONTACT = bytes.fromhex("0031B86404B0ECC1")
_GENERATIONS = {"820212": "CPS2ter", "000310": "CPS3", "000401": "CPS4", "040100": "CPS4"}


def card_of_atr(atr: bytes) -> str | None:
    """The health card that answers a reset so, in words; None when it is none that is known.

    A CPS says country 250 and, as pre-issuing data, its generation (tags 1 and 6 of its historical bytes); without
    contact, the pre-issuing data are those of its chip. Sources: the public list of pcsc-tools, ansforge/dops-cryptolib.
    """
    layout = layout_for_atr(atr)
    if layout is not None:
        return layout.title
    at = atr.find(_CPS, 2)
    if at >= 0 and len(atr) >= at + 9:
        generation = atr[at + 6 : at + 9].hex()
        return f"{_GENERATIONS.get(generation, 'CPS, generation ' + generation.upper())}, contact"
    if _CPS_WITHOUT_CONTACT in atr[2:]:
        return "CPS3, contactless"
    return None


def directory(aid: bytes) -> tuple[Layout, DF] | None:
    """The directory with that DF name and the card it is on; the name may be shortened where that is not ambiguous."""
    return _directory(aid, kinds())


@cache
def _directory(aid: bytes, among: tuple[str, ...]) -> tuple[Layout, DF] | None:
    found = [
        (layout, node)
        for layout in map(layout_of, among)
        for _, node in layout.directories()
        if node.aid is not None and (node.aid == aid or (len(aid) >= 5 and node.aid.startswith(aid)))
    ]
    exact = [each for each in found if each[1].aid == aid]
    if exact:
        return exact[0]
    return found[0] if len(found) == 1 else None


def application_name(aid: bytes) -> str | None:
    """What is selected by that DF name, e.g. ``VITALE``; None when nobody knows it."""
    return _application_name(aid, kinds())


@cache
def _application_name(aid: bytes, among: tuple[str, ...]) -> str | None:
    found = _directory(aid, among)
    if found is not None:
        layout, node = found
        return f"MF of the {layout.title.partition(',')[0]}" if node is layout.mf else short_name(node)
    text = aid.hex().upper()
    return next((name for prefix, name in _FOREIGN.items() if text.startswith(prefix)), None)


def short_name(node: DF | EF) -> str:
    """The name of a directory without its kind, that of a file as it is."""
    return node.name.removeprefix("ADF ").removeprefix("DF ") if isinstance(node, DF) else node.name


def file_name(fid: int, df_aid: bytes | None = None) -> str | None:
    """The file with identifier *fid* in the directory of that DF name.

    Without a directory: the name, if every card that has the file calls it so.
    """
    return _file_name(fid, df_aid, kinds())


@cache
def _file_name(fid: int, df_aid: bytes | None, among: tuple[str, ...]) -> str | None:
    if fid == MF_FID:
        return "MF"
    if df_aid is not None:
        found = _directory(df_aid, among)
        node = None if found is None else child(found[1], fid)
        return None if node is None else short_name(node)
    named = {short_name(node) for each in among for _, node in layout_of(each).walk() if node.fid == fid}
    return named.pop() if len(named) == 1 else None


def child(parent: DF, fid: int) -> DF | EF | None:
    """The file of that identifier directly inside *parent*."""
    return next((node for node in parent.children if node.fid == fid), None)


def by_sfi(parent: DF, sfi: int) -> EF | None:
    """The file of that short identifier directly inside *parent*."""
    return next((node for node in parent.files() if node.sfi == sfi), None)


def parent_of(layout: Layout, node: DF) -> DF:
    """The directory that *node* is in; the MF is its own."""
    for _, candidate in layout.directories():
        if node in candidate.children:
            return candidate
    return layout.mf


def at_path(layout: Layout, start: DF, path: bytes) -> DF | EF | None:
    """The file at the end of *path*, two bytes per step, from *start*; a leading 3F00 stands for the MF."""
    node: DF | EF | None = start
    for step in range(0, len(path) - 1, 2):
        fid = int.from_bytes(path[step : step + 2], "big")
        if fid == MF_FID:
            node = layout.mf
        elif isinstance(node, DF):
            node = child(node, fid)
        else:
            return None
    return node
