"""template.yaml as tools read it: nothing is resolved, so that !Ref, !GetAtt and their like are their own argument."""

from functools import cache
from typing import Any

import yaml

from local.instance import ROOT


class _Loader(yaml.SafeLoader):
    """Without what CloudFormation would do."""


def _argument(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


_Loader.add_multi_constructor("!", _argument)


@cache
def _template() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), _Loader)  # noqa: S506
    return found


def properties(kind: str) -> dict[str, dict[str, Any]]:
    """Of the resources of one kind, by name. kind: as AWS::DynamoDB::Table. Left out is what only some stacks have."""
    resources = _template()["Resources"].items()
    return {name: entry.get("Properties", {}) for name, entry in resources if entry["Type"] == kind and "Condition" not in entry}


def functions() -> dict[str, dict[str, Any]]:
    """The properties of every function by its folder, those that all share included; layers are added to the shared ones."""
    shared = _template()["Globals"]["Function"]
    own = [each["Properties"] for each in _template()["Resources"].values() if each["Type"] == "AWS::Serverless::Function"]
    whole = [{**shared, **each, "Layers": shared["Layers"] + each.get("Layers", [])} for each in own]
    return {each["CodeUri"].removeprefix("functions/"): each for each in whole}
