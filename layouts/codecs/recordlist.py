"""The content of an EF of records: a list, each item by the codec of one record."""

from bifente.layouts.codec import Codec, JsonValue, RawCodec, sequence
from bifente.layouts.errors import LayoutError
from bifente.layouts.structures import Records
from bifente.slotted import dataclass


@dataclass(frozen=True, slots=True)
class RecordsCodec:
    """A list with one item for each record, the first one first; of unknown content ``{"hex": "…"}`` each."""

    structure: Records
    item: Codec = RawCodec()

    def encode(self, value: JsonValue) -> bytes:
        """The content of the file; LayoutError, which names the record."""
        encoded = []
        for number, each in enumerate(sequence(value, "records"), 1):
            try:
                encoded.append(self.item.encode(each))
            except LayoutError as error:
                raise LayoutError(f"record {number}: {error}") from None
        return self.structure.join(encoded)

    def decode(self, data: bytes) -> JsonValue:
        """The list; LayoutError."""
        return [self.item.decode(each) for each in self.structure.split(data)]
