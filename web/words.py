"""The words of the pages: French, as the directory says them, and their English; the one catalogue of this face."""

from collections.abc import Callable, Mapping
from typing import Final

LANGUAGES: Final[Mapping[str, str]] = {"fr": "Français", "en": "English"}

ENGLISH: Final[Mapping[str, str]] = {
    # the frame
    "Annuaire des professionnels et des certificats": "Directory of professionals and certificates",
    "Aller au contenu": "Skip to content",
    "Langue": "Language",
    "Accueil": "Home",
    "Recherche avancée": "Advanced search",
    "Autorités de Certification": "Certification authorities",
    "Données fictives ou publiques ; rien ici n'est un acte de l'État.": (
        "Fictitious or public data; nothing here is an act of the State."
    ),
    "Menu": "Menu",
    # searching
    "Recherche rapide": "Quick search",
    "Nom ou identifiant": "Name or identifier",
    "Les trois premières lettres suffisent ; accents et majuscules ne comptent pas.": (
        "The first three letters are enough; accents and capitals do not matter."
    ),
    "Département": "Département",
    "Tous": "All",
    "Toutes": "All",
    "Rechercher": "Search",
    "Rechercher parmi": "Search among",
    "Professionnels de santé": "Health professionals",
    "Structures": "Structures",
    "Serveurs": "Servers",
    "Nom": "Name",
    "Prénom": "Given name",
    "Identifiant": "Identifier",
    "Commune": "Commune",
    "Profession": "Profession",
    "Savoir-faire": "Savoir-faire",
    "Numéro de carte": "Card number",
    "Adresse de messagerie": "Mail address",
    "Numéro de série d'un certificat": "Serial number of a certificate",
    "Résultats": "Results",
    "Résultats : {0}": "Results: {0}",
    "Aucune réponse.": "No answer.",
    "1 réponse": "1 answer",
    "{0} réponses": "{0} answers",
    "Plus de {0} réponses : précisez la recherche.": "More than {0} answers: narrow the search.",
    "Page {0} sur {1}": "Page {0} of {1}",
    "Page précédente": "Previous page",
    "Page suivante": "Next page",
    "Pages": "Pages",
    "Modifier la recherche": "Change the search",
    "Lieu": "Place",
    "La recherche n'est pas possible :": "The search is not possible:",
    # an entry
    "Infos titulaire": "Holder",
    "Lieu d'exercice": "Place of practice",
    "Certificats": "Certificates",
    "Sections de la fiche": "Sections of the entry",
    "Professionnels de cette structure": "Professionals of this structure",
    "Fiche de la structure": "Entry of the structure",
    "Aucun certificat publié.": "No certificate is published.",
    "- non renseigné -": "- not given -",
    "Télécharger :": "Download:",
    "avec la chaîne": "with the chain",
    "Télécharger le certificat {0} ({1})": "Download the certificate {0} ({1})",
    "Identité": "Identity",
    "Identification": "Identification",
    "Civilité": "Civility",
    "Civilité d'exercice": "Civility of practice",
    "Mail(s)": "Mail(s)",
    "Type de carte": "Type of card",
    "Historique ADELI": "Former ADELI numbers",
    "Spécialité": "Speciality",
    "Qualif. d'exercice RPPS": "RPPS qualification",
    "Rôle dans la structure": "Role in the structure",
    "Type de savoir-faire": "Kind of savoir-faire",
    "Catégorie": "Category",
    "Mode d'exercice": "Mode of practice",
    "Secteur d'activité": "Sector of activity",
    "Section (pharmaciens)": "Section (pharmacists)",
    "Genre d'activité": "Kind of activity",
    "Autorité d'enregistrement": "Registered by",
    "Carte": "Card",
    "Identifiant dans la carte": "Identifier in the card",
    "Valable du": "Valid from",
    "au": "to",
    "En opposition depuis": "Opposed since",
    "Mise à jour": "Updated",
    "Structure": "Structure",
    "Serveur": "Server",
    "Organisation": "Organisation",
    "Raison sociale": "Legal name",
    "Enseigne commerciale": "Trading name",
    "FINESS": "FINESS",
    "FINESS de l'établissement juridique": "FINESS of the legal entity",
    "SIRET": "SIRET",
    "SIREN": "SIREN",
    "Adresse": "Address",
    "Téléphone": "Telephone",
    "Télécopie": "Fax",
    "Mail": "Mail",
    "Certificat de signature": "Signature certificate",
    "Certificat d'authentification": "Authentication certificate",
    "Certificat de chiffrement": "Encipherment certificate",
    "Certificat technique (sans contact)": "Technical certificate (contactless)",
    "Certificat de serveur": "Server certificate",
    "Certificat": "Certificate",
    "Numéro de série": "Serial number",
    "Date de début": "Start date",
    "Date de fin": "End date",
    "État": "State",
    "Titulaire": "Holder",
    "Émetteur": "Issuer",
    "valide": "valid",
    "expiré": "expired",
    "pas encore valide": "not yet valid",
    "révoqué": "revoked",
    # authorities
    "Racine": "Root",
    "Aucune autorité publiée.": "No authority is published.",
    "Liste de révocation": "Revocation list",
    "Liste de révocation, changements": "Revocation list, changes",
    # errors
    "Erreur {0}": "Error {0}",
    "Retour à l'accueil": "Back to the home page",
    "La demande n'est pas compréhensible.": "The request cannot be understood.",
    "Cette page n'existe pas.": "There is no such page.",
    "Cette page se lit seulement.": "This page is only read.",
    "L'adresse est trop longue.": "The address is too long.",
    "Ce serveur ne répond pas à ce nom.": "This server does not go by that name.",
    "Une erreur s'est produite dans le serveur.": "An error happened in the server.",
    "L'annuaire ne peut pas être lu pour le moment.": "The directory cannot be read at the moment.",
}
"""French → English. Titles and names that an entry itself brings (professions, places) stay as they are."""


def translator(language: str) -> Callable[..., str]:
    """``t(words, …)``: the words in that language, with values in the places ``{0}``, ``{1}``. Others' words stay."""

    def t(words: str, *values: object) -> str:
        if language == "fr":  # whose typography has a space before them, at which no line ends
            told = words.replace(" :", "\u00a0:").replace(" ;", "\u202f;")
        else:
            told = ENGLISH.get(words, words)
        return told.format(*values) if values else told

    return t
