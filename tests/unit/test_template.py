"""What template.yaml promises: data that outlives the stack, queues that are watched, limits on every number."""

from dataclasses import fields
from typing import Any

import pytest

from gatehouse import webhook_deliveries
from gatehouse.settings import Settings
from tests.permissions import logical_id, template

TEMPLATE = template()
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
PROPERTIES = {name: resource.get("Properties", {}) for name, resource in RESOURCES.items()}
SOURCES = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Lambda::EventSourceMapping"]
FUNCTIONS = {name: resource for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Serverless::Function"}


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


def test_a_record_of_the_stream_that_fails_for_good_is_named_in_a_queue() -> None:
    source = PROPERTIES["UserEventsSource"]

    assert source["DestinationConfig"]["OnFailure"]["Destination"] == {"GetAtt": "FailedEvents.Arn"}
    assert 0 < source["MaximumRetryAttempts"] <= 10_000
    # DynamoDB forgets a record after a day.
    assert 0 < source["MaximumRecordAgeInSeconds"] <= 86_400
    assert source["BisectBatchOnFunctionError"] is True
    assert source["StartingPosition"] == "TRIM_HORIZON"


def test_every_queue_is_encrypted_and_an_alarm_watches_each_that_nothing_reads() -> None:
    queues = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::SQS::Queue"]
    read = {source["EventSourceArn"]["GetAtt"].removesuffix(".Arn") for source in (PROPERTIES[name] for name in SOURCES)}
    alarms = [alarm for name, alarm in PROPERTIES.items() if alarm.get("Namespace") == "AWS/SQS" and name != "WebhooksBehindAlarm"]
    watched = {alarm["Dimensions"][0]["Value"]["GetAtt"].removesuffix(".QueueName") for alarm in alarms}

    assert all(PROPERTIES[name]["SqsManagedSseEnabled"] is True for name in queues)
    assert watched == set(queues) - read
    assert all(PROPERTIES[name]["MessageRetentionPeriod"] == 14 * 86_400 for name in watched)
    assert {alarm["MetricName"] for alarm in alarms} == {"ApproximateNumberOfMessagesVisible"}


def test_an_alarm_tells_when_webhooks_are_hours_behind() -> None:
    alarm = PROPERTIES["WebhooksBehindAlarm"]

    assert (alarm["MetricName"], alarm["Dimensions"][0]["Value"]) == (
        "ApproximateAgeOfOldestMessage",
        {"GetAtt": "WebhookDeliveries.QueueName"},
    )
    assert 3600 <= alarm["Threshold"] < webhook_deliveries.FAILED_SECONDS


def test_without_a_bus_there_is_none_and_nobody_may_put_events_on_it() -> None:
    (puts,) = [entry["Fn::If"] for entry in PROPERTIES["UserEventsFunction"]["Policies"][0]["Statement"] if "Fn::If" in entry]
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]

    assert (TEMPLATE["Parameters"]["PublishEvents"]["Default"], TEMPLATE["Conditions"]["PublishesEvents"]["Equals"]) == (
        "true",
        [{"Ref": "PublishEvents"}, "true"],
    )
    assert RESOURCES["EventBus"]["Condition"] == TEMPLATE["Outputs"]["EventBusName"]["Condition"] == puts[0] == "PublishesEvents"
    assert (puts[1]["Action"], puts[2]) == ("events:PutEvents", {"Ref": "AWS::NoValue"})
    assert variables["EVENT_BUS_NAME"] == {"If": ["PublishesEvents", {"Ref": "EventBus"}, ""]}


@pytest.mark.parametrize(("queue", "function"), [("LogoutNotices", "LogoutDelivery"), ("WebhookDeliveries", "WebhookDelivery")])
def test_a_message_stays_hidden_while_its_delivery_may_still_run(queue: str, function: str) -> None:
    assert PROPERTIES[queue]["VisibilityTimeout"] >= 6 * PROPERTIES[f"{function}Function"]["Timeout"]


@pytest.mark.parametrize("resource", ["Identity", "Audit", "Key"])
def test_people_and_keys_outlive_the_stack(resource: str) -> None:
    assert RESOURCES[resource]["DeletionPolicy"] == "Retain"
    assert RESOURCES[resource]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("table", ["Identity", "Audit"])
def test_a_table_is_encrypted_recoverable_and_paid_by_request(table: str) -> None:
    assert PROPERTIES[table]["BillingMode"] == "PAY_PER_REQUEST"
    assert PROPERTIES[table]["SSESpecification"] == {"SSEEnabled": True}
    assert PROPERTIES[table]["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_what_was_written_down_neither_expires_nor_makes_events() -> None:
    assert not {"TimeToLiveSpecification", "StreamSpecification"} & PROPERTIES["Audit"].keys()


def test_an_index_lists_keys_and_no_data() -> None:
    (index,) = PROPERTIES["Identity"]["GlobalSecondaryIndexes"]

    assert index["IndexName"] == "Listing"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["list_pk", "list_sk"]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def test_the_table_is_swept_by_ttl_and_tells_what_changed() -> None:
    table = PROPERTIES["Identity"]

    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_the_wrapping_key_is_replaced_every_year() -> None:
    assert PROPERTIES["Key"]["EnableKeyRotation"] is True


def test_every_log_group_forgets() -> None:
    groups = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Logs::LogGroup"]

    assert groups
    assert all("RetentionInDays" in PROPERTIES[name] for name in groups)


def test_access_logs_hold_neither_queries_nor_headers() -> None:
    format_ = PROPERTIES["Api"]["AccessLogSettings"]["Format"]

    assert "querystring" not in format_.lower()
    assert "header" not in format_.lower()
    assert "$context.path" not in format_


def test_every_number_that_an_operator_can_set_has_a_lower_bound() -> None:
    numbers = {name: p for name, p in TEMPLATE["Parameters"].items() if p["Type"] == "Number"}

    assert [name for name, p in numbers.items() if "MinValue" not in p and "AllowedValues" not in p] == []


@pytest.mark.parametrize(
    ("parameter", "lowest", "highest"),
    [("SignOnGraceSeconds", 0, 3600), ("RefreshGraceSeconds", 0, 60), ("SessionSeconds", 300, 30 * 86400)],
)
def test_lifetimes_stay_within_what_the_product_promises(parameter: str, lowest: int, highest: int) -> None:
    assert TEMPLATE["Parameters"][parameter]["MinValue"] == lowest
    assert TEMPLATE["Parameters"][parameter]["MaxValue"] == highest


def test_the_api_is_throttled_and_answers_cors_in_its_functions() -> None:
    assert {"ThrottlingRateLimit", "ThrottlingBurstLimit"} <= PROPERTIES["Api"]["DefaultRouteSettings"].keys()
    assert "CorsConfiguration" not in PROPERTIES["Api"]


def test_every_route_takes_any_method_so_that_its_function_answers_405() -> None:
    events = [event for function in FUNCTIONS.values() for event in function["Properties"].get("Events", {}).values()]
    routes = [event["Properties"] for event in events if event["Type"] == "HttpApi"]

    assert routes
    assert {route["Method"] for route in routes} == {"ANY"}


def test_no_function_works_on_when_the_api_no_longer_waits_for_it() -> None:
    usual = TEMPLATE["Globals"]["Function"]["Timeout"]
    behind = [
        f["Properties"] for f in FUNCTIONS.values() if any(e["Type"] == "HttpApi" for e in f["Properties"].get("Events", {}).values())
    ]

    assert all(function.get("Timeout", usual) < 30 for function in behind)


def test_only_functions_with_pages_or_data_or_for_which_nobody_waits_have_more_than_the_usual_layers() -> None:
    layered = {name: [layer["Ref"] for layer in f["Properties"]["Layers"]] for name, f in FUNCTIONS.items() if "Layers" in f["Properties"]}

    # SAM puts these behind the layers that every function has.
    with_data = ("users_api", "organizations_api", "clients_api", "account", "hooks_api")
    with_pages = ("hosted_pages", "authorize", "logout")
    behind = ("cleanup", "hook_guard", "logout_delivery", "schedule_runner", "user_events", "webhook_delivery")
    assert layered == {
        **{logical_id(name): ["WholeLayer", "ManagementLayer"] for name in with_data},
        **{logical_id(name): ["WholeLayer"] for name in (*with_pages, *behind)},
    }


def test_a_fresh_stack_makes_its_keys() -> None:
    assert PROPERTIES["SigningKeys"]["ServiceToken"] == {"GetAtt": "KeyRotationFunction.Arn"}


def test_an_alarm_reports_the_reuse_of_a_refresh_token() -> None:
    alarm = PROPERTIES["RefreshTokenReuseAlarm"]

    assert (alarm["Namespace"], alarm["MetricName"]) == ("Gatehouse", "RefreshTokenReuse")
    assert alarm["Dimensions"] == [{"Name": "stack", "Value": {"Ref": "AWS::StackName"}}]


def test_every_setting_of_the_functions_is_set_by_the_template() -> None:
    # Lambda names the function and the region itself; how long a code lives is nobody's choice.
    settings = {field.name.upper() for field in fields(Settings)} - {"SERVICE_NAME", "REGION", "AWS_ENDPOINT_URL", "CODE_SECONDS"}

    everywhere = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"].keys()
    own = [f["Properties"].get("Environment", {}).get("Variables", {}).keys() for f in FUNCTIONS.values()]
    assert everywhere | {name for names in own for name in names} == settings


def test_several_stacks_fit_into_one_account() -> None:
    names = [(key, value) for p in PROPERTIES.values() for key, value in p.items() if key.endswith("Name")]
    schedules = [event for function in FUNCTIONS.values() for event in function["Properties"].get("Events", {}).values()]

    assert [(key, value) for key, value in names if isinstance(value, str) and key not in ("MetricName", "PolicyName", "TableName")] == []
    assert all(event["Properties"]["OmitName"] for event in schedules if event["Type"] == "ScheduleV2")
