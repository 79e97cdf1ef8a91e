"""A pre_token hook: claims and roles by what an API outside tells of the person."""

from typing import Any

from gatehouse.hook_functions import claims_enrichment


def handler(event: dict[str, Any], context: object) -> dict[str, Any] | None:
    return claims_enrichment.run(event)
