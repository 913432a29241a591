"""The profile of a CPS4: that of a card of the CPS family, on another chip."""

from collections.abc import Mapping
from typing import Literal

from bifente.applets.families.cps3.forms import PresentProfile
from bifente.layouts.cards import cps4
from bifente.layouts.codec import JsonValue, record, sequence

_CPS2TER_ATR = "3BAC00402A00122500648082021200" + "9000"
"""Public (pcsc-tools)."""


_INFORMATION = ("version", "manufacturer", "label", "flags", "algorithms", "last_update")
_KEY = ("label", "flags", "auth_id", "id", "usage", "access", "reference", "path", "modulus_bits")
"""The parts of EF.CIAInfo and of an entry of EF.PrKDF."""


def _algorithm(number: int, mechanism: int, oid: str, reference: int) -> JsonValue:
    return {
        "reference": number,
        "mechanism": mechanism,
        "operations": ["compute-signature"],
        "oid": oid,
        "algorithm": reference,
    }


_ALGORITHMS: list[JsonValue] = [
    _algorithm(1, 0x06, "1.2.840.113549.1.1.5", cps4.SHA1_PKCS1),
    _algorithm(2, 0x40, "1.2.840.113549.1.1.11", cps4.SHA256_PKCS1),
    _algorithm(3, 0x0E, "1.2.840.113549.1.1.10", cps4.SHA1_PSS),
    _algorithm(4, 0x43, "1.2.840.113549.1.1.10", cps4.SHA256_PSS),
]
"""What the chip signs with, by the numbers of PKCS #11."""


class ChipDocProfile(PresentProfile):
    """A card of the CPS family on the chip of the CPS4."""

    kind: Literal["cps4"]  # type: ignore[assignment]  # the same card on another chip

    def contents(self) -> dict[str, JsonValue]:
        """The files of a CPS3 that a CPS4 has, and the objects of the CPS2ter beside them."""
        known = {node.name for _, node in cps4.LAYOUT.walk()}
        values = {name: value for name, value in super().contents().items() if name in known}
        values |= self._objects(values)
        values["EF.DIR"] = [sequence(values["EF.DIR"], "EF.DIR")[1]]
        information = dict(record(values["EF.CIAInfo"], "EF.CIAInfo", (), _INFORMATION))
        information |= {
            "manufacturer": "NXP",
            "label": f"CPS4v1-{self.card_holder.card_number}",
            "algorithms": _ALGORITHMS,
        }
        values["EF.CIAInfo"] = information
        values["EF.PrKDF"] = [
            {**record(key, "EF.PrKDF", (), _KEY), "reference": reference & 0x7F}
            for key, reference in zip(
                sequence(values["EF.PrKDF"], "EF.PrKDF"),
                (cps4.KEY_SIGNATURE, cps4.KEY_AUTHENTICATION),
                strict=True,
            )
        ]
        values["EF.DODF"] = [*sequence(values["EF.DODF"], "EF.DODF"), *_listed(values)]
        return values

    def _objects(self, values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        """The value of each object of the CPS2ter that stands in the IAS applet."""
        objects: dict[str, JsonValue] = {
            "CPS2TER_ATR (IAS)": {"hex": _CPS2TER_ATR},
            "CPS2TER_ICC (IAS)": values["EF.SN.ICC"],
        }
        for node in cps4.OBJECTS:
            name = node.name.removesuffix(" (IAS)")
            if name in values:
                objects[node.name] = values[name]
        return objects


def _listed(values: Mapping[str, JsonValue]) -> list[JsonValue]:
    """The entries of EF.DODF for the objects that are there."""
    return [
        {
            "label": node.name.removesuffix(" (IAS)"),
            **({"flags": ["private"], "auth_id": "01"} if "ACTIVITY" in node.name else {"flags": []}),
            "application": "CPS",
            "path": f"{node.fid:04X}",
        }
        for node in cps4.OBJECTS
        if node.name in values
    ]
