"""What template.yaml promises: least privilege per function, data that outlives the stack, limits on every number."""

from dataclasses import fields
from typing import Any

import pytest

from gatehouse.settings import Settings
from tests.permissions import ROOT, listed, logical_id, statements, template

TEMPLATE = template()
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
PROPERTIES = {name: resource.get("Properties", {}) for name, resource in RESOURCES.items()}
SOURCES = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Lambda::EventSourceMapping"]
FUNCTIONS = {name: resource for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Serverless::Function"}

# What each function may do with the table, operation by operation and in which partitions, and the purposes of the keys it may unwrap.
# Who reads keys cannot write them; of clients, registration alone writes those that registered themselves.
KEYS, CLIENT, USER, SIGNIN, PAR, DEVICE, ASSERTION = "KEYS", "CLIENT#*", "USER#*", "SIGNIN#*", "PAR#*", "DEVICE#*", "ASSERTION#*"
STREAM = {"GetAtt": "Identity.StreamArn"}
PEOPLE = [USER, SIGNIN, DEVICE, "TICKET#*", "LIMIT#*", "EMAIL#*"]
ALLOWED: dict[str, tuple[list[tuple[str, list[str]]], list[str]]] = {
    "discovery": ([("Query", [KEYS])], []),
    "authorize": ([("GetItem BatchGetItem Query", [KEYS, CLIENT, USER, PAR]), ("PutItem UpdateItem", [USER, SIGNIN, PAR])], ["sealing"]),
    "push_authorization": ([("GetItem Query", [KEYS, CLIENT]), ("PutItem", [PAR, ASSERTION]), ("DeleteItem", [ASSERTION])], ["sealing"]),
    "device_authorization": (
        [("GetItem Query", [KEYS, CLIENT]), ("PutItem", [DEVICE, ASSERTION]), ("DeleteItem", [ASSERTION])],
        ["sealing"],
    ),
    "hosted_pages": (
        [("GetItem BatchGetItem Query", [KEYS, CLIENT, *PEOPLE]), ("PutItem UpdateItem DeleteItem", [USER, SIGNIN, PAR, *PEOPLE[2:]])],
        ["sealing"],
    ),
    "token_exchange": (
        [
            ("GetItem BatchGetItem Query", [KEYS, CLIENT, USER, DEVICE]),
            ("PutItem UpdateItem", [USER, DEVICE, ASSERTION]),
            ("ConditionCheckItem", [USER]),
            ("DeleteItem", [ASSERTION]),
        ],
        ["sealing", "signing"],
    ),
    "token_refresh": ([("GetItem Query", [KEYS, CLIENT, USER]), ("UpdateItem", [USER])], ["sealing", "signing"]),
    "userinfo": ([("GetItem BatchGetItem Query", [KEYS, CLIENT, USER])], []),
    "introspect": ([("GetItem BatchGetItem Query", [KEYS, CLIENT, USER]), ("PutItem DeleteItem", [ASSERTION])], ["sealing", "signing"]),
    "revoke": ([("GetItem Query", [KEYS, CLIENT]), ("UpdateItem", [USER]), ("PutItem DeleteItem", [ASSERTION])], ["sealing"]),
    "global_sign_out": ([("GetItem BatchGetItem Query", [KEYS, CLIENT, USER]), ("UpdateItem", [USER])], []),
    "logout": ([("GetItem Query", [KEYS, CLIENT, USER, SIGNIN]), ("UpdateItem DeleteItem", [USER])], ["sealing"]),
    "registration": (
        [("GetItem BatchGetItem Query", [KEYS, CLIENT, USER]), ("PutItem UpdateItem DeleteItem", [CLIENT])],
        [],
    ),
    "user_events": ([("GetItem Query", [CLIENT, USER])], []),
    "logout_delivery": ([("GetItem Query", [KEYS, CLIENT])], ["signing"]),
    "authorizer": ([("GetItem BatchGetItem Query", [KEYS, CLIENT, USER])], []),
    "key_rotation": ([("Query PutItem UpdateItem DeleteItem", [KEYS])], []),
    "cleanup": (
        [
            ("BatchGetItem", [USER]),
            ("GetItem PutItem", ["SWEEP"]),
            ("DeleteItem", ["SWEEP", USER, SIGNIN, PAR, DEVICE, ASSERTION, "TICKET#*", "LIMIT#*"]),
        ],
        [],
    ),
}


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


def allowances(function: str, service: str) -> list[dict[str, Any]]:
    """The function's own statements about one service."""
    return [entry for entry in statements(function) if actions(entry)[0].startswith(f"{service}:")]


def actions(statement: dict[str, Any]) -> list[str]:
    return listed(statement["Action"])


def test_every_folder_of_functions_is_a_function_and_none_is_missing_here() -> None:
    folders = {file.parent.name for file in (ROOT / "functions").glob("*/app.py")}

    assert folders == ALLOWED.keys()
    assert {resource["Properties"]["CodeUri"] for resource in FUNCTIONS.values()} == {f"functions/{f}" for f in folders}


@pytest.mark.parametrize("function", ALLOWED)
def test_a_function_has_exactly_the_table_operations_it_needs(function: str) -> None:
    found = [entry for entry in allowances(function, "dynamodb") if "Condition" in entry]

    operations = [{f"dynamodb:{operation}" for operation in names.split()} for names, _ in ALLOWED[function][0]]
    partitions = [entry["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] for entry in found]
    assert [set(actions(entry)) for entry in found] == operations
    assert partitions == [allowed for _, allowed in ALLOWED[function][0]]
    assert all(entry["Resource"] == {"GetAtt": "Identity.Arn"} for entry in found)


def test_only_cleanup_reads_the_whole_table() -> None:
    unconditional = {function: [e for e in allowances(function, "dynamodb") if "Condition" not in e] for function in ALLOWED}

    assert [function for function, entries in unconditional.items() if any(e["Resource"] != STREAM for e in entries)] == ["cleanup"]
    assert allowances("cleanup", "dynamodb")[0] == {
        "Effect": "Allow",
        "Action": "dynamodb:Scan",
        "Resource": {"GetAtt": "Identity.Arn"},
    }


@pytest.mark.parametrize("function", [name for name in ALLOWED if name != "key_rotation"])
def test_a_function_unwraps_only_keys_of_its_purposes(function: str) -> None:
    purposes = ALLOWED[function][1]
    expected = {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": {"GetAtt": "Key.Arn"},
        "Condition": {"StringEquals": {"kms:EncryptionContext:purpose": purposes}},
    }

    assert allowances(function, "kms") == ([expected] if purposes else [])


def test_key_rotation_makes_keys_that_it_can_never_read() -> None:
    (statement,) = allowances("key_rotation", "kms")

    assert set(actions(statement)) == {
        "kms:GenerateDataKeyPairWithoutPlaintext",
        "kms:GenerateDataKeyWithoutPlaintext",
    }


def test_only_the_hosted_pages_send_mail_and_only_from_the_configured_sender() -> None:
    assert [function for function in ALLOWED if allowances(function, "ses")] == ["hosted_pages"]

    (statement,) = allowances("hosted_pages", "ses")
    assert statement["Action"] == "ses:SendEmail"
    assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": [{"Ref": "MailFrom"}]}}


def queue_arns(*names: str) -> list[dict[str, str]]:
    return [{"GetAtt": f"{name}.Arn"} for name in names]


def test_the_queues_are_each_written_and_read_by_one_function() -> None:
    assert {function for function in ALLOWED if allowances(function, "sqs")} == {"user_events", "logout_delivery"}
    (writes,), (reads,) = allowances("user_events", "sqs"), allowances("logout_delivery", "sqs")

    assert (actions(writes), writes["Resource"]) == (["sqs:SendMessage"], queue_arns("LogoutNotices", "FailedEvents"))
    assert set(actions(reads)) == {f"sqs:{name}" for name in (*QUEUE_READS, "ChangeMessageVisibility")}
    assert [reads["Resource"]] == queue_arns("LogoutNotices")


QUEUE_READS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
STREAM_READS = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")


@pytest.mark.parametrize("source", SOURCES)
def test_a_function_may_read_exactly_the_source_that_invokes_it(source: str) -> None:
    mapping = PROPERTIES[source]
    (function,) = [name for name in ALLOWED if {"Ref": logical_id(name)} == mapping["FunctionName"]]
    streams = mapping["EventSourceArn"] == STREAM
    needed = {f"dynamodb:{name}" for name in STREAM_READS} if streams else {f"sqs:{name}" for name in QUEUE_READS}

    granted = [entry for entry in statements(function) if mapping["EventSourceArn"] in listed(entry["Resource"])]
    assert needed <= {action for entry in granted for action in actions(entry)}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    for entry in statements(function):
        if set(actions(entry)) & needed:
            assert entry["Resource"] == mapping["EventSourceArn"]


def test_sam_attaches_no_policy_of_its_own_for_a_source() -> None:
    kinds = {event["Type"] for function in FUNCTIONS.values() for event in function["Properties"].get("Events", {}).values()}

    assert kinds <= {"HttpApi", "ScheduleV2"}


def test_a_record_of_the_stream_that_fails_for_good_is_named_in_a_queue() -> None:
    source = PROPERTIES["UserEventsSource"]

    assert source["DestinationConfig"]["OnFailure"]["Destination"] in queue_arns("FailedEvents")
    assert 0 < source["MaximumRetryAttempts"] <= 10_000
    # DynamoDB forgets a record after a day.
    assert 0 < source["MaximumRecordAgeInSeconds"] <= 86_400
    assert source["BisectBatchOnFunctionError"] is True
    assert source["StartingPosition"] == "TRIM_HORIZON"


def test_every_queue_is_encrypted_and_an_alarm_watches_each_that_nothing_reads() -> None:
    queues = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::SQS::Queue"]
    read = {source["EventSourceArn"]["GetAtt"].removesuffix(".Arn") for source in (PROPERTIES[name] for name in SOURCES)}
    alarms = [alarm for alarm in PROPERTIES.values() if alarm.get("Namespace") == "AWS/SQS"]
    watched = {alarm["Dimensions"][0]["Value"]["GetAtt"].removesuffix(".QueueName") for alarm in alarms}

    assert all(PROPERTIES[name]["SqsManagedSseEnabled"] is True for name in queues)
    assert watched == set(queues) - read
    assert all(PROPERTIES[name]["MessageRetentionPeriod"] == 14 * 86_400 for name in watched)
    assert {alarm["MetricName"] for alarm in alarms} == {"ApproximateNumberOfMessagesVisible"}


def test_a_notice_stays_hidden_while_its_delivery_may_still_run() -> None:
    assert PROPERTIES["LogoutNotices"]["VisibilityTimeout"] >= 6 * PROPERTIES["LogoutDeliveryFunction"]["Timeout"]


@pytest.mark.parametrize("function", ALLOWED)
def test_no_function_has_an_allowance_beside_these(function: str) -> None:
    own = PROPERTIES[logical_id(function)]

    assert all(actions(entry)[0].split(":")[0] in ("dynamodb", "kms", "ses", "sqs") for entry in statements(function))
    assert not [action for entry in statements(function) for action in actions(entry) if "*" in action]
    assert len(own["Policies"]) == 1
    assert "Role" not in own


@pytest.mark.parametrize("resource", ["Identity", "Key"])
def test_people_and_keys_outlive_the_stack(resource: str) -> None:
    assert RESOURCES[resource]["DeletionPolicy"] == "Retain"
    assert RESOURCES[resource]["UpdateReplacePolicy"] == "Retain"


def test_the_table_is_encrypted_recoverable_and_swept_by_ttl() -> None:
    table = PROPERTIES["Identity"]

    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
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


def test_a_fresh_stack_makes_its_keys() -> None:
    assert PROPERTIES["SigningKeys"]["ServiceToken"] == {"GetAtt": "KeyRotationFunction.Arn"}


def test_an_alarm_reports_the_reuse_of_a_refresh_token() -> None:
    alarm = PROPERTIES["RefreshTokenReuseAlarm"]

    assert (alarm["Namespace"], alarm["MetricName"]) == ("Gatehouse", "RefreshTokenReuse")
    assert alarm["Dimensions"] == [{"Name": "stack", "Value": {"Ref": "AWS::StackName"}}]


def test_every_setting_of_the_functions_is_set_by_the_template() -> None:
    # Lambda names the function itself; how long a code lives is nobody's choice.
    settings = {field.name.upper() for field in fields(Settings)} - {"SERVICE_NAME", "CODE_SECONDS"}

    assert TEMPLATE["Globals"]["Function"]["Environment"]["Variables"].keys() == settings


def test_several_stacks_fit_into_one_account() -> None:
    names = [(key, value) for p in PROPERTIES.values() for key, value in p.items() if key.endswith("Name")]
    schedules = [event for function in FUNCTIONS.values() for event in function["Properties"].get("Events", {}).values()]

    assert [(key, value) for key, value in names if isinstance(value, str) and key not in ("MetricName", "TableName")] == []
    assert all(event["Properties"]["OmitName"] for event in schedules if event["Type"] == "ScheduleV2")
