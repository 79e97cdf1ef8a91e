"""Changes of items, as the table's stream tells them: at least once, those of one item in order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from gatehouse.table.marshal import from_item
from gatehouse.table.verbs import Item


@dataclass(frozen=True, slots=True)
class Change:
    """before and after: the item, None where there was or is none. at: when it was written, seconds since the epoch."""

    pk: str
    sk: str
    before: Item | None
    after: Item | None
    at: int

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Read a record of a Lambda event from a stream with new and old images.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        told = record["dynamodb"]
        keys = told["Keys"]
        before, after = (from_item(told[image]) if image in told else None for image in ("OldImage", "NewImage"))
        return cls(keys["pk"]["S"], keys["sk"]["S"], before, after, int(told["ApproximateCreationDateTime"]))


def sequence_number(record: Mapping[str, Any]) -> str:
    """Where in its shard the record stands: what a handler reports it by."""
    number: str = record["dynamodb"]["SequenceNumber"]
    return number
