"""Changes of items, as the table's stream tells them: at least once, those of one item in order."""

from collections.abc import Mapping
from typing import Any, Self

from gatehouse.dataclasses import dataclass
from gatehouse.table.marshal import from_item
from gatehouse.table.verbs import Item


@dataclass(frozen=True, slots=True)
class Change:
    """before and after: the item, None where there was or is none. at: when it was written, seconds since the epoch.

    sequence: where in its shard the record stands; the same however often it comes.
    """

    pk: str
    sk: str
    before: Item | None
    after: Item | None
    at: int
    sequence: str = ""

    @property
    def identity(self) -> str:
        """What no other change has."""
        return f"{self.pk} {self.sk} {self.sequence}"

    @property
    def user_id(self) -> str:
        """The person under whom the item lies, empty for none."""
        kind, _, rest = self.pk.partition("#")
        return rest if kind == "USER" else ""

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read a record of a Lambda event from a stream with new and old images.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        told = record["dynamodb"]
        keys = told["Keys"]
        before, after = (from_item(told[image]) if image in told else None for image in ("OldImage", "NewImage"))
        at, sequence = int(told["ApproximateCreationDateTime"]), told["SequenceNumber"]
        return cls(keys["pk"]["S"], keys["sk"]["S"], before, after, at, sequence)


def sequence_number(record: Mapping[str, Any]) -> str:
    """Where in its shard the record stands: what a handler reports it by."""
    number: str = record["dynamodb"]["SequenceNumber"]
    return number
