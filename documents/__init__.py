"""Documents of strangers, on the ground floor: bounded reading, YAML with lines, strict JSON, writing that is whole or not at all.

Whoever reads a profile, a list, a report or a description reads it through here, so that a device, a pipe without a writer,
a file without end or a document a thousand levels deep is one clear line, and never memory, a hang or a traceback.
"""

from bifente.documents.errors import DocumentError, DocumentTooLong, NotADocument
from bifente.documents.fields import Fields
from bifente.documents.jsontext import parse_json, read_json
from bifente.documents.reading import copy_of, open_stream, read_bytes, read_text
from bifente.documents.values import JsonValue
from bifente.documents.writing import make_folder, new_file, replace_file, writing

__all__ = [
    "DocumentError",
    "DocumentTooLong",
    "Fields",
    "JsonValue",
    "NotADocument",
    "copy_of",
    "make_folder",
    "new_file",
    "open_stream",
    "parse_json",
    "read_bytes",
    "read_json",
    "read_text",
    "replace_file",
    "writing",
]
