"""Parts of documents: `fields` and `include_fields`, as Auth0's routes that show one take them."""

from typing import Any

from gatehouse.management.routes import Query


class FieldsQuery(Query):
    """fields: names of members, separated by commas. include_fields: these, or all but these."""

    fields: str = ""
    include_fields: bool = True


def only(document: dict[str, Any], query: FieldsQuery) -> dict[str, Any]:
    """The members that `fields` names, or all but those if include_fields is false."""
    if not query.fields:
        return document
    named = {name.strip() for name in query.fields.split(",")}
    return {name: value for name, value in document.items() if (name in named) == query.include_fields}
