"""The tables of the annuaire, and the steps from one version of them to the next.

The columns of a full-text index are those of a view, so that the index can be made anew from what is stored: in it ligatures,
which the tokenizer leaves whole, are written out, and who is hidden is not.
"""

from typing import Final

_FIRST: Final = (
    """CREATE TABLE label(
        kind TEXT NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY(kind, code)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE import(
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, source TEXT NOT NULL, made TEXT NOT NULL, rows INTEGER NOT NULL) STRICT""",
    """CREATE TABLE professional(
        id INTEGER PRIMARY KEY, identifier TEXT NOT NULL UNIQUE,
        family_name TEXT NOT NULL, given_name TEXT NOT NULL,
        civility TEXT NOT NULL, exercise_civility TEXT NOT NULL,
        places TEXT NOT NULL, trades TEXT NOT NULL,
        hidden INTEGER NOT NULL DEFAULT 0, import INTEGER NOT NULL DEFAULT 0) STRICT""",
    """CREATE TABLE structure(
        id INTEGER PRIMARY KEY, identifier TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL, sign TEXT NOT NULL, siret TEXT NOT NULL, siren TEXT NOT NULL,
        finess TEXT NOT NULL, finess_legal TEXT NOT NULL, former TEXT NOT NULL,
        recipient TEXT NOT NULL, location TEXT NOT NULL, number TEXT NOT NULL, repetition TEXT NOT NULL,
        way_type TEXT NOT NULL, way TEXT NOT NULL, distribution TEXT NOT NULL, cedex TEXT NOT NULL,
        postcode TEXT NOT NULL, commune_code TEXT NOT NULL, commune TEXT NOT NULL, country TEXT NOT NULL,
        departement TEXT NOT NULL,
        phone TEXT NOT NULL, phone_2 TEXT NOT NULL, fax TEXT NOT NULL, mail TEXT NOT NULL COLLATE NOCASE,
        import INTEGER NOT NULL DEFAULT 0) STRICT""",
    "CREATE INDEX structure_siret ON structure(siret) WHERE siret <> ''",
    "CREATE INDEX structure_finess ON structure(finess) WHERE finess <> ''",
    "CREATE INDEX structure_mail ON structure(mail) WHERE mail <> ''",
    """CREATE TABLE practice(
        id INTEGER PRIMARY KEY, professional INTEGER NOT NULL REFERENCES professional(id) ON DELETE CASCADE,
        structure INTEGER REFERENCES structure(id),
        profession TEXT NOT NULL, category TEXT NOT NULL, skill_kind TEXT NOT NULL, skill TEXT NOT NULL,
        mode TEXT NOT NULL, registered_by TEXT NOT NULL, sector TEXT NOT NULL, section TEXT NOT NULL,
        role TEXT NOT NULL, activity_kind TEXT NOT NULL, import INTEGER NOT NULL DEFAULT 0) STRICT""",
    "CREATE INDEX practice_professional ON practice(professional)",
    "CREATE INDEX practice_structure ON practice(structure) WHERE structure IS NOT NULL",
    """CREATE TABLE server(
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, organisation TEXT NOT NULL,
        structure TEXT NOT NULL, departement TEXT NOT NULL) STRICT""",
    """CREATE TABLE card(
        number TEXT PRIMARY KEY, professional INTEGER NOT NULL REFERENCES professional(id) ON DELETE CASCADE,
        kind TEXT NOT NULL, identifier TEXT NOT NULL, start TEXT, stop TEXT, opposed TEXT, updated TEXT,
        import INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID""",
    "CREATE INDEX card_professional ON card(professional)",
    """CREATE TABLE mail(
        address TEXT NOT NULL COLLATE NOCASE, professional INTEGER NOT NULL REFERENCES professional(id) ON DELETE CASCADE,
        PRIMARY KEY(address, professional)) STRICT, WITHOUT ROWID""",
    "CREATE INDEX mail_professional ON mail(professional)",
    """CREATE TABLE certificate(
        id INTEGER PRIMARY KEY, fingerprint BLOB NOT NULL UNIQUE, serial TEXT NOT NULL, use TEXT NOT NULL,
        subject TEXT NOT NULL, issuer TEXT NOT NULL, not_before TEXT NOT NULL, not_after TEXT NOT NULL,
        card TEXT NOT NULL, revoked TEXT, der BLOB NOT NULL,
        professional INTEGER REFERENCES professional(id), structure INTEGER REFERENCES structure(id),
        server INTEGER REFERENCES server(id)) STRICT""",
    "CREATE INDEX certificate_serial ON certificate(serial)",
    "CREATE INDEX certificate_professional ON certificate(professional) WHERE professional IS NOT NULL",
    "CREATE INDEX certificate_structure ON certificate(structure) WHERE structure IS NOT NULL",
    "CREATE INDEX certificate_server ON certificate(server) WHERE server IS NOT NULL",
    """CREATE TABLE authority(
        id INTEGER PRIMARY KEY, fingerprint BLOB NOT NULL UNIQUE, name TEXT NOT NULL, subject TEXT NOT NULL,
        issuer TEXT NOT NULL, serial TEXT NOT NULL, not_before TEXT NOT NULL, not_after TEXT NOT NULL, der BLOB NOT NULL,
        crl BLOB, delta_crl BLOB) STRICT""",
    "CREATE TABLE opt_out(identifier TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
    "CREATE TABLE followed(authority TEXT PRIMARY KEY, number INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE VIEW professional_words AS SELECT id,
        replace(replace(replace(replace(family_name, 'œ', 'oe'), 'Œ', 'OE'), 'æ', 'ae'), 'Æ', 'AE') AS family,
        replace(replace(replace(replace(given_name, 'œ', 'oe'), 'Œ', 'OE'), 'æ', 'ae'), 'Æ', 'AE') AS given,
        replace(replace(replace(replace(places, 'œ', 'oe'), 'Œ', 'OE'), 'æ', 'ae'), 'Æ', 'AE') AS places,
        trades FROM professional WHERE NOT hidden""",
    """CREATE VIRTUAL TABLE professional_text USING fts5(
        family, given, places, trades, content='professional_words', content_rowid='id',
        tokenize='unicode61 remove_diacritics 2', prefix='3', columnsize=0)""",
    """CREATE VIEW structure_words AS SELECT id,
        replace(replace(replace(replace(name || ' ' || sign, 'œ', 'oe'), 'Œ', 'OE'), 'æ', 'ae'), 'Æ', 'AE') AS name,
        replace(replace(replace(replace('d' || departement || ' ' || postcode || ' ' || commune || ' ' || cedex, 'œ', 'oe'), 'Œ', 'OE'), 'æ', 'ae'), 'Æ', 'AE')
        AS places FROM structure""",
    """CREATE VIRTUAL TABLE structure_text USING fts5(
        name, places, content='structure_words', content_rowid='id',
        tokenize='unicode61 remove_diacritics 2', prefix='3', columnsize=0)""",
    """CREATE VIEW server_words AS SELECT id,
        replace(replace(replace(replace(name || ' ' || organisation, 'œ', 'oe'), 'Œ', 'OE'), 'æ', 'ae'), 'Æ', 'AE') AS name,
        'd' || departement AS places FROM server""",
    """CREATE VIRTUAL TABLE server_text USING fts5(
        name, places, content='server_words', content_rowid='id',
        tokenize='unicode61 remove_diacritics 2', prefix='3', columnsize=0)""",
)

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (_FIRST,)
"""What leads from version n to n + 1. A published one is never changed."""

VERSION: Final = len(MIGRATIONS)
