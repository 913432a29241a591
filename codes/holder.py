"""Whom a professional's card names, as certificates and data objects say it."""

from bifente.slotted import dataclass


@dataclass(frozen=True, slots=True)
class CardHolder:
    """The holder of a card of the CPS family.

    ``card_type`` is G02: 0 CPS, 1 CPF, 2 CDE/CPE, 3 CPA; ``category`` is G01: 0x80 test, 0x00 real-like.
    ``national_id`` has its type digit first: "899700000013" is 8 + RPPS, an employee is "1<FINESS>/CPET0001".
    ``civility`` is G03/G06; ``profession`` G15 (CPS only), ``future_profession`` G16 (CPF only), ``responsibility`` G04:
    0, 1 (CDE) or 2. ``speciality`` is an R01 code such as "SM26". ``structure_id`` (CPE, CDE, CPA) has its type digit
    first. ``department`` is a label such as "Paris (75)". ``card_number`` has ten digits: "29" and the eight of the serial.
    """

    card_type: int
    category: int
    national_id: str
    family_name: str
    given_name: str
    civility: int
    profession: int | None
    future_profession: int | None
    responsibility: int
    speciality: str | None
    structure_id: str | None
    structure_name: str | None
    department: str | None
    card_number: str
