"""What template.yaml promises: least privilege per function, data that outlives the stack, limits on every number."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]


class _Loader(yaml.SafeLoader):
    """Reads intrinsic functions in their short form as {name: argument}."""


def _intrinsic(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _intrinsic)
TEMPLATE: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), _Loader)
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
PROPERTIES = {name: resource.get("Properties", {}) for name, resource in RESOURCES.items()}
FUNCTIONS = {name: resource for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Serverless::Function"}

# What each function may do: operations on the table, the partitions it may touch (None: a sweep of all), and the
# purposes of the keys it may unwrap.
KEYS, CLIENT, USER, SIGNIN = "KEYS", "CLIENT#*", "USER#*", "SIGNIN#*"
ALLOWED: dict[str, tuple[str, list[str] | None, list[str]]] = {
    "discovery": ("Query", [KEYS], []),
    "authorize": ("GetItem BatchGetItem PutItem UpdateItem Query", [KEYS, CLIENT, USER, SIGNIN], ["sealing"]),
    "hosted_pages": (
        "GetItem BatchGetItem PutItem UpdateItem DeleteItem ConditionCheckItem Query",
        [KEYS, CLIENT, USER, SIGNIN, "TICKET#*", "LIMIT#*", "EMAIL#*"],
        ["sealing"],
    ),
    "token_exchange": ("GetItem PutItem UpdateItem Query", [KEYS, CLIENT, USER], ["sealing", "signing"]),
    "token_refresh": ("GetItem UpdateItem Query", [KEYS, CLIENT, USER], ["sealing", "signing"]),
    "userinfo": ("BatchGetItem Query", [KEYS, USER], []),
    "introspect": ("GetItem BatchGetItem Query", [KEYS, CLIENT, USER], ["sealing"]),
    "revoke": ("GetItem UpdateItem Query", [KEYS, CLIENT, USER], ["sealing"]),
    "global_sign_out": ("UpdateItem Query", [KEYS, USER], []),
    "logout": ("GetItem UpdateItem DeleteItem Query", [KEYS, CLIENT, USER], ["sealing"]),
    "authorizer": ("BatchGetItem Query", [KEYS, USER], []),
    "key_rotation": ("Query PutItem UpdateItem DeleteItem", [KEYS], []),
    "cleanup": ("Scan BatchGetItem DeleteItem PutItem GetItem", None, []),
}


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


def statements(function: str) -> dict[str, dict[str, Any]]:
    """The function's own statements by the service they allow."""
    (document,) = PROPERTIES[logical_id(function)]["Policies"]
    return {as_list(statement["Action"])[0].partition(":")[0]: statement for statement in document["Statement"]}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def logical_id(function: str) -> str:
    return "".join(word.capitalize() for word in function.split("_")) + "Function"


def test_every_folder_of_functions_is_a_function_and_none_is_missing_here() -> None:
    folders = {file.parent.name for file in (ROOT / "functions").glob("*/app.py")}

    assert folders == ALLOWED.keys()
    assert {resource["Properties"]["CodeUri"] for resource in FUNCTIONS.values()} == {f"functions/{f}" for f in folders}


@pytest.mark.parametrize("function", ALLOWED)
def test_a_function_has_exactly_the_table_operations_it_needs(function: str) -> None:
    operations, partitions, _ = ALLOWED[function]
    statement = statements(function)["dynamodb"]

    assert set(as_list(statement["Action"])) == {f"dynamodb:{operation}" for operation in operations.split()}
    assert statement["Resource"] == {"GetAtt": "Identity.Arn"}
    expected = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": partitions}} if partitions else None
    assert statement.get("Condition") == expected


@pytest.mark.parametrize("function", [name for name in ALLOWED if name != "key_rotation"])
def test_a_function_unwraps_only_keys_of_its_purposes(function: str) -> None:
    purposes = ALLOWED[function][2]
    statement = statements(function).get("kms")

    if not purposes:
        assert statement is None
        return
    assert statement == {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": {"GetAtt": "Key.Arn"},
        "Condition": {"StringEquals": {"kms:EncryptionContext:purpose": purposes}},
    }


def test_key_rotation_makes_keys_that_it_can_never_read() -> None:
    statement = statements("key_rotation")["kms"]

    assert set(statement["Action"]) == {
        "kms:GenerateDataKeyPairWithoutPlaintext",
        "kms:GenerateDataKeyWithoutPlaintext",
    }


def test_only_the_hosted_pages_send_mail_and_only_from_the_configured_sender() -> None:
    assert [function for function in ALLOWED if "ses" in statements(function)] == ["hosted_pages"]

    statement = statements("hosted_pages")["ses"]
    assert statement["Action"] == "ses:SendEmail"
    assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": [{"Ref": "MailFrom"}]}}


@pytest.mark.parametrize("function", ALLOWED)
def test_no_function_has_an_allowance_beside_these(function: str) -> None:
    (document,) = PROPERTIES[logical_id(function)]["Policies"]
    actions = [action for statement in document["Statement"] for action in as_list(statement["Action"])]

    assert statements(function).keys() <= {"dynamodb", "kms", "ses"}
    assert len(document["Statement"]) == len(statements(function))
    assert not [action for action in actions if "*" in action]
    assert "Role" not in PROPERTIES[logical_id(function)]


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
    assert PROPERTIES["RefreshTokenReuseAlarm"]["Namespace"] == "Gatehouse"
    assert PROPERTIES["RefreshTokenReuseAlarm"]["MetricName"] == "RefreshTokenReuse"


def test_several_stacks_fit_into_one_account() -> None:
    names = [(key, value) for p in PROPERTIES.values() for key, value in p.items() if key.endswith("Name")]
    schedules = [
        event for function in FUNCTIONS.values() for event in function["Properties"].get("Events", {}).values()
    ]

    assert [
        (key, value) for key, value in names if isinstance(value, str) and key not in ("MetricName", "TableName")
    ] == []
    assert all(event["Properties"]["OmitName"] for event in schedules if event["Type"] == "ScheduleV2")
