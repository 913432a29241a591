"""The situations of a professional's profile, and what of the profile stands in which business data object.

Form 2 is what the State's readers take (:mod:`bifente.layouts.codecs.businessdata`) and what new cards get; form 1 is that of
cards made before, whose profile is kept in them and must go on being read.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from bifente.applets.families.cps3 import volet
from bifente.applets.families.cps3.profile import ProfessionalProfile
from bifente.applets.perso.profile.fields import (
    Content,
    LatinText,
    LogicalNumber,
    LooseText,
    ProfileModel,
    Text,
    in_table,
    letters,
    matching,
    simplified_texts,
)
from bifente.applets.perso.profile.wrongparts import Part, WrongParts, check
from bifente.layouts.cards.cps3 import ACTIVITIES
from bifente.layouts.codec import JsonValue, record
from bifente.layouts.codecs import businessdata, businesstexts

_ActivityNumber = Annotated[int, Field(ge=1, le=ACTIVITIES)]
_Digit = Annotated[str, matching(r"\d", "one digit")]
_Agreement = Annotated[str, in_table("G104", 2)]

_LANGUAGES = 4
_NO_PLACE = "no object of the business data holds it"


class Activity(ProfileModel):
    """A situation d'exercice: CPS_ACTIVITY_nn_PS."""

    numero_logique: LogicalNumber
    mode_exercice: Annotated[str, in_table("G17", 2)]
    secteur: Annotated[LatinText, letters(10)]
    """R02."""
    statut: Annotated[str, in_table("G14", 2)] | None = None
    tableau_pharmacien: Annotated[LatinText, letters(2)] | None = None
    """G05."""
    raison_sociale: Annotated[LatinText, letters(40)] | None = None
    structure: Annotated[LatinText, letters(15)] | None = None
    """With its type digit (G07)."""
    # what the CPS2ter volet holds and no object of a CPS3
    specialite: LatinText | None = None
    forme_juridique: LatinText | None = None
    id_nat_ps_remplace: LatinText | None = None
    debut: LooseText | None = None
    fin: LooseText | None = None

    def value(self) -> dict[str, JsonValue]:
        """Of :data:`bifente.layouts.codecs.businessdata.ACTIVITY`."""
        fields = ("statut", "tableau_pharmacien", "numero_logique", "raison_sociale", "structure", "secteur")
        given = {name: getattr(self, name) for name in fields if getattr(self, name) is not None}
        return {"exercice": {"mode": self.mode_exercice}, **given}

    def without_place(self) -> list[str]:
        """The fields that are given and stand in no object, neither of the card nor of its CPS2ter volet."""
        names = ("specialite", "forme_juridique", "id_nat_ps_remplace", "debut", "fin")
        given = {name: getattr(self, name) for name in names}
        return [name for name, text in given.items() if text is not None and not volet.holds(name, text)]


class Billing(ProfileModel):
    """A situation de facturation: one entry of CPS_SIT_FACT, and what SSV group 2 has of its activity."""

    numero_logique: LogicalNumber
    """That of its activity."""
    numero_facturation: Annotated[str, matching(r"\d{8}", "8 digits")] | None = None
    cle_facturation: _Digit | None = None
    specialite: Annotated[str, in_table("G100", 2)] | None = None
    code_conventionnel: Annotated[str, in_table("G101", 1)] | None = None
    zone_tarifaire: Annotated[str, in_table("G102", 2)] | None = None
    zone_ik: Annotated[str, in_table("G103", 1)] | None = None
    agrement_1: _Agreement | None = None
    agrement_2: _Agreement | None = None
    agrement_3: _Agreement | None = None
    signe_facture: Annotated[str, matching("[01]", "0 or 1")] = "0"
    signe_lot: Annotated[str, matching("[01]", "0 or 1")] = "0"
    # what the activity says: here only to be compared with it
    mode_exercice: LatinText | None = None
    statut_exercice: LatinText | None = None
    type_structure: LatinText | None = None
    structure: LatinText | None = None
    raison_sociale: LatinText | None = None
    # what no object of a CPS3 holds; the sector (G19) stands in the volet, with the activity
    secteur_activite: LatinText | None = None
    cle_structure: LatinText | None = None
    remplacant: LatinText | None = None
    cle_remplacant: LatinText | None = None

    @model_validator(mode="after")
    def _whole_identifier(self) -> Self:
        if (self.numero_facturation is None) != (self.cle_facturation is None):
            missing = "cle_facturation" if self.cle_facturation is None else "numero_facturation"
            raise WrongParts(((missing,), "is missing: an identifier has eight digits and a key"))
        return self

    def value(self) -> dict[str, JsonValue]:
        """Of one situation of :data:`bifente.layouts.codecs.businessdata.BILLING`."""
        value: dict[str, JsonValue] = {"situation": self.numero_logique}
        if self.numero_facturation is not None:
            value["identifiant"] = f"{self.numero_facturation}{self.cle_facturation}"
        agreed = {
            "specialite": self.specialite,
            "convention": self.code_conventionnel,
            "zone": self.zone_tarifaire,
            "ik": self.zone_ik,
        }
        agreements = {name: getattr(self, name) for name in ("agrement_1", "agrement_2", "agrement_3")}
        for name, parts in (("conventionnelles", agreed), ("agrements", agreements)):
            if any(text is not None for text in parts.values()):
                value[name] = {key: text or "" for key, text in parts.items()}
        sheets = businessdata.SIGNS_SHEETS if self.signe_facture == "1" else 0
        lots = businessdata.SIGNS_LOTS if self.signe_lot == "1" else 0
        value["autorisations"] = f"{sheets | lots:02X}"
        return value

    def without_place(self) -> list[str]:
        """The fields that are given and stand in no object."""
        names = ["cle_structure", "remplacant", "cle_remplacant"]
        if self.secteur_activite is not None and not volet.holds_sector(self.secteur_activite):
            names.insert(0, "secteur_activite")
        return [name for name in names if getattr(self, name) is not None]

    def contradicting(self, activity: Activity) -> list[Part]:
        """The fields that say something else than *activity*, from which group 2 will have them."""
        structure = activity.structure or ""
        said = {
            "mode_exercice": activity.mode_exercice,
            "statut_exercice": activity.statut or "",
            "type_structure": structure[:1],
            "structure": structure[1:],
            "raison_sociale": activity.raison_sociale or "",
        }
        wrong: list[Part] = []
        for name, text in said.items():
            given = getattr(self, name)
            if given is not None and given.zfill(len(text)) != text:
                wrong.append(
                    ((name,), f"activity {self.numero_logique}, where the card has it, says otherwise")
                )
        return wrong


class PresentProfile(ProfessionalProfile):
    """A card of the CPS family whose business data have form 2."""

    form: Literal[2] = 2
    activities: dict[_ActivityNumber, Activity] = Field(default_factory=dict)
    """CPS_ACTIVITY_nn_PS by number, 1 to 16, holes allowed."""
    billing: Annotated[list[Billing], Field(max_length=businessdata.SITUATIONS)] = Field(default_factory=list)
    """CPS_SIT_FACT."""
    languages: list[Text] = Field(default_factory=lambda: ["fr"])
    """Codes of table G00."""

    @field_validator("holder", "structure", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        return simplified_texts(value)

    @field_validator("languages")
    @classmethod
    def _codes(cls, languages: list[str]) -> list[str]:
        codes = [text.lower() for text in languages]
        if len(codes) > _LANGUAGES or not all(
            len(code) == 2 and code.isascii() and code.isalpha() for code in codes
        ):
            raise ValueError(f"at most {_LANGUAGES} codes of two letters expected, such as fr")
        return codes

    @model_validator(mode="after")
    def _encodable(self) -> Self:
        wrong = self._wrong_holder()
        by_number = {activity.numero_logique: activity for activity in self.activities.values()}
        for at, billing in enumerate(self.billing):
            activity = by_number.get(billing.numero_logique)
            for path, message in billing.contradicting(activity) if activity is not None else ():
                wrong.append((("billing", at, *path), message))
        if wrong:
            raise WrongParts(*wrong)
        return self

    def _wrong_holder(self) -> list[Part]:
        """What of the holder does not go into the objects."""
        holder, info, names = self.holder, businessdata.INFO_PARTS, businessdata.NAME_PARTS
        given = names.element("prenoms").content
        wrong = check(info.element("id_nat_ps").content, holder.national_id, ("holder", "national_id"))
        wrong += check(info.element("nom_exercice").content, holder.family_name, ("holder", "family_name"))
        wrong += check(given, [holder.given_name], ("holder", "given_name"))
        for field, key in (("birth_name", "nom_patronymique"), ("married_name", "nom_marital")):
            text = getattr(holder, field)
            wrong += check(names.element(key).content, text, ("holder", field)) if text is not None else []
        for at, name in enumerate(holder.other_given_names):
            wrong += check(given, [name], ("holder", "other_given_names", at))
        return [(path, message.removeprefix("1: ")) for path, message in wrong]  # of a list of one name

    def business_values(self) -> dict[str, JsonValue]:
        """In form 2."""
        assert self.issued is not None
        assert self.expires is not None
        holder = self.holder
        values = businessdata.holder_values(
            self.card_holder, f"{self.issued:%Y%m%d}", f"{self.expires:%Y%m%d}"
        )
        names = dict(record(values["CPS_NAME_PS"], "names", (), businessdata.NAME_PARTS.keys))
        if holder.birth_name is not None:
            names["nom_patronymique"] = holder.birth_name
        if holder.married_name is not None:
            names["nom_marital"] = holder.married_name
        names["prenoms"] = [holder.given_name, *holder.other_given_names, "", ""][:3]
        values["CPS_NAME_PS"] = names
        values["CPS_LANG_PS"] = {"langues": self.languages}
        for number, activity in sorted(self.activities.items()):
            values[f"CPS_ACTIVITY_{number:02}_PS"] = activity.value()
        values["CPS_SIT_FACT"] = {"situations": [one.value() for one in self.billing]}
        return values | volet.values(self, values)

    def notes(self) -> list[str]:
        """Fields without a place on the card, and situations without an activity."""
        found = []
        for number, activity in sorted(self.activities.items()):
            found += [f"activities.{number}.{name}: {_NO_PLACE}" for name in activity.without_place()]
        numbers = {activity.numero_logique for activity in self.activities.values()}
        for at, billing in enumerate(self.billing, 1):
            found += [f"billing[{at}].{name}: {_NO_PLACE}" for name in billing.without_place()]
            if billing.numero_logique not in numbers:
                found.append(
                    f"billing[{at}].numero_logique: no activity has the number {billing.numero_logique}"
                )
        return found


class EarlierProfile(ProfessionalProfile):
    """A card of the CPS family whose business data have form 1: synthetic texts that no other reader knows."""

    form: Literal[1] = 1
    languages: list[Text] = Field(default_factory=lambda: ["FR"])
    activities: dict[_ActivityNumber, Content] = Field(default_factory=dict)
    billing: list[Content] = Field(default_factory=list)

    @model_validator(mode="after")
    def _encodable(self) -> Self:
        wrong = check(businesstexts.BILLING, self.billing, ("billing",))
        for number, activity in self.activities.items():
            wrong += check(businesstexts.ACTIVITY, activity, ("activities", number))
        if wrong:
            raise WrongParts(*wrong)
        return self

    def business_values(self) -> dict[str, JsonValue]:
        """In form 1."""
        assert self.issued is not None
        assert self.expires is not None
        values = businesstexts.holder_values(
            self.card_holder, f"{self.issued:%Y%m%d}", f"{self.expires:%Y%m%d}"
        )
        values["CPS_LANG_PS"] = {"langues": self.languages}
        for number, activity in sorted(self.activities.items()):
            values[f"CPS_ACTIVITY_{number:02}_PS"] = activity
        values["CPS_SIT_FACT"] = self.billing
        return values
