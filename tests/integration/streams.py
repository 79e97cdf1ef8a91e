"""The stream of the table on an emulator, as Lambda reads it."""

from typing import Any

import boto3

from gatehouse.settings import settings
from tests.permissions import template


class Context:
    aws_request_id = "request"


def turned_on() -> str:
    """The stream of the table, which begins now."""
    view = template()["Resources"]["Identity"]["Properties"]["StreamSpecification"]["StreamViewType"]
    client = boto3.client("dynamodb")
    described = client.describe_table(TableName=settings().table_name)["Table"]
    if not described.get("StreamSpecification", {}).get("StreamEnabled"):
        specification: Any = {"StreamEnabled": True, "StreamViewType": view}
        client.update_table(TableName=settings().table_name, StreamSpecification=specification)
    arn: str = client.describe_table(TableName=settings().table_name)["Table"]["LatestStreamArn"]
    return arn


def recorded(stream: str) -> list[dict[str, Any]]:
    """Every record so far, as Lambda hands it over."""
    client = boto3.client("dynamodbstreams")
    found: list[Any] = []
    for shard in client.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]:
        iterator = client.get_shard_iterator(StreamArn=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        while records := (page := client.get_records(ShardIterator=iterator))["Records"]:
            found += records
            iterator = page["NextShardIterator"]
    for record in found:
        told = record["dynamodb"]
        told["ApproximateCreationDateTime"] = told["ApproximateCreationDateTime"].timestamp()
    return found
