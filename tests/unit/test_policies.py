"""Each function's policy, to the letter: what it may do with which partitions of which table, with keys, mail and queues."""

from typing import Any

import pytest

from tests.permissions import ROOT, listed, logical_id, resources, statements, template

RESOURCES: dict[str, Any] = template()["Resources"]
PROPERTIES = {name: resource.get("Properties", {}) for name, resource in RESOURCES.items()}
SOURCES = [name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Lambda::EventSourceMapping"]
FUNCTIONS = {name: resource for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Serverless::Function"}
TABLE, LISTING, AUDIT, STREAM = "Identity.Arn", "Identity.Arn/index/Listing", "Audit.Arn", "Identity.StreamArn"

# What each function may do with the table, operation by operation and in which partitions, and the purposes of the keys it may unwrap.
# Who reads keys cannot write them; clients are written by registration, which knows its own, and by the API for operators.
KEYS, CLIENT, USER, SIGNIN, PAR, DEVICE, ASSERTION = "KEYS", "CLIENT#*", "USER#*", "SIGNIN#*", "PAR#*", "DEVICE#*", "ASSERTION#*"
TICKET, LIMIT, EMAIL, PAGE, COUNT, TENANT = "TICKET#*", "LIMIT#*", "EMAIL#*", "PAGE#*", "COUNT#*", "TENANT"
ROLE, ROLENAME, ORG, ORGNAME, API = "ROLE#*", "ROLENAME#*", "ORG#*", "ORGNAME#*", "API#*"
CONNECTION, CONNECTIONNAME = "CONNECTION#*", "CONNECTIONNAME#*"
PEOPLE = [USER, SIGNIN, DEVICE, TICKET, LIMIT, EMAIL]
# What only one person may have, and the ids of those who are gone.
NAMES = [EMAIL, "USERNAME#*", "PHONE#*", "IDENTITY#*", "GONE#*"]
FOUND = ["FIND#*", "STATS"]
HOOKS, CLAIMS = "HOOKS", "CLAIMS"
# Where attempts to sign in are noted that name nobody.
NOBODY = "NOBODY#*"
WEBHOOK, SCHEDULE = "WEBHOOK#*", "SCHEDULE#*"
CONFIGURED = ["HOOKS", "CLAIMS", "WEBHOOKS", "SCHEDULES"]
ALLOWED: dict[str, tuple[list[tuple[str, list[str]]], list[str]]] = {
    "discovery": ([("Query", [KEYS])], []),
    "authorize": (
        [
            ("GetItem BatchGetItem Query", [KEYS, CLIENT, USER, PAR, ORG, ORGNAME, TENANT, HOOKS]),
            ("PutItem UpdateItem", [USER, SIGNIN, PAR]),
        ],
        ["sealing"],
    ),
    "push_authorization": (
        [("GetItem Query", [KEYS, CLIENT, ORG, ORGNAME]), ("PutItem", [PAR, ASSERTION]), ("DeleteItem", [ASSERTION])],
        ["sealing"],
    ),
    "device_authorization": (
        [("GetItem Query", [KEYS, CLIENT]), ("PutItem", [DEVICE, ASSERTION]), ("DeleteItem", [ASSERTION])],
        ["sealing"],
    ),
    "hosted_pages": (
        [
            ("GetItem BatchGetItem Query", [KEYS, CLIENT, *PEOPLE, "USERNAME#*", TENANT, HOOKS, ORG]),
            ("PutItem UpdateItem DeleteItem", [USER, NOBODY, SIGNIN, PAR, *PEOPLE[2:], "USERNAME#*", "PHONE#*", ORG]),
            ("UpdateItem", [COUNT]),
            ("ConditionCheckItem", ["GONE#*", USER, ORG]),
        ],
        ["sealing"],
    ),
    "token_exchange": (
        [
            ("GetItem BatchGetItem Query", [KEYS, CLIENT, USER, DEVICE, ORG, ROLE, API, TENANT, HOOKS, CLAIMS]),
            ("PutItem UpdateItem", [USER, DEVICE, ASSERTION]),
            ("ConditionCheckItem", [USER]),
            ("DeleteItem", [ASSERTION]),
        ],
        ["sealing", "signing"],
    ),
    "token_refresh": (
        [("GetItem BatchGetItem Query", [KEYS, CLIENT, USER, ORG, ROLE, API, TENANT, HOOKS, CLAIMS]), ("UpdateItem", [USER])],
        ["sealing", "signing"],
    ),
    "userinfo": ([("GetItem BatchGetItem Query", [KEYS, CLIENT, USER, ORG, ROLE, TENANT, CLAIMS])], []),
    "introspect": ([("GetItem BatchGetItem Query", [KEYS, CLIENT, USER]), ("PutItem DeleteItem", [ASSERTION])], ["sealing", "signing"]),
    "revoke": ([("GetItem Query", [KEYS, CLIENT]), ("UpdateItem", [USER]), ("PutItem DeleteItem", [ASSERTION])], ["sealing"]),
    "global_sign_out": ([("GetItem BatchGetItem Query", [KEYS, CLIENT, USER, ROLE]), ("UpdateItem", [USER])], []),
    "logout": ([("GetItem Query", [KEYS, CLIENT, USER, SIGNIN]), ("UpdateItem DeleteItem", [USER])], ["sealing"]),
    "registration": (
        [("GetItem BatchGetItem Query", [KEYS, CLIENT, USER, ROLE]), ("PutItem UpdateItem DeleteItem", [CLIENT])],
        [],
    ),
    "users_api": (
        [
            (
                "GetItem BatchGetItem Query",
                [
                    KEYS,
                    CLIENT,
                    USER,
                    *NAMES,
                    ROLE,
                    ROLENAME,
                    ORG,
                    API,
                    CONNECTION,
                    CONNECTIONNAME,
                    TENANT,
                    HOOKS,
                    PAGE,
                    *FOUND,
                    COUNT,
                    TICKET,
                    LIMIT,
                ],
            ),
            ("PutItem UpdateItem DeleteItem", [USER, *NAMES, ROLE, ROLENAME, ORG, TENANT, PAGE, COUNT, TICKET, LIMIT]),
            ("ConditionCheckItem", [CLIENT, USER, *NAMES, ROLE, ORG, API, CONNECTION, TENANT]),
        ],
        ["sealing"],
    ),
    "organizations_api": (
        [
            ("GetItem BatchGetItem Query", [KEYS, CLIENT, USER, EMAIL, ROLE, ORG, ORGNAME, CONNECTION, TENANT, PAGE, COUNT, LIMIT]),
            ("PutItem UpdateItem DeleteItem", [USER, ORG, ORGNAME, PAGE, COUNT, LIMIT]),
            ("ConditionCheckItem", [CLIENT, USER, ROLE, ORG, CONNECTION]),
        ],
        ["sealing"],
    ),
    "clients_api": (
        [
            ("GetItem BatchGetItem Query", [KEYS, CLIENT, USER, ROLE, API, CONNECTION, CONNECTIONNAME, TENANT, PAGE, COUNT]),
            ("PutItem UpdateItem DeleteItem", [CLIENT, API, CONNECTION, CONNECTIONNAME, TENANT, PAGE, COUNT]),
            ("ConditionCheckItem", [CLIENT, API, CONNECTION, TENANT]),
        ],
        ["sealing"],
    ),
    "hooks_api": (
        [
            ("GetItem BatchGetItem Query", [KEYS, CLIENT, USER, ORG, ROLE, API, TENANT, *CONFIGURED, WEBHOOK, SCHEDULE, "GONE#*"]),
            ("PutItem UpdateItem", CONFIGURED),
            ("DeleteItem", [WEBHOOK]),
        ],
        ["sealing", "messages"],
    ),
    "account": (
        [
            ("GetItem BatchGetItem Query", [KEYS, CLIENT, USER, EMAIL, ORG, TENANT]),
            ("PutItem UpdateItem DeleteItem", [USER, TICKET, LIMIT]),
        ],
        ["sealing"],
    ),
    "user_events": (
        [
            ("GetItem BatchGetItem Query", [CLIENT, USER, "GONE#*", TENANT, "WEBHOOKS"]),
            ("PutItem DeleteItem", ["FIND#*"]),
            ("UpdateItem", ["STATS"]),
        ],
        [],
    ),
    "logout_delivery": ([("GetItem Query", [KEYS, CLIENT])], ["signing"]),
    "webhook_delivery": ([("GetItem UpdateItem", ["WEBHOOKS"]), ("PutItem", [WEBHOOK])], []),
    "schedule_runner": ([("GetItem Query", [KEYS, CLIENT, "SCHEDULES"]), ("PutItem UpdateItem", [SCHEDULE])], ["signing"]),
    "hook_guard": ([("GetItem", ["HOOKS", "WEBHOOKS", "SCHEDULES"])], []),
    "authorizer": ([("GetItem BatchGetItem Query", [KEYS, CLIENT, USER])], []),
    "user_creation": ([], []),
    "claims_enrichment": ([("Query", [KEYS])], ["signing"]),
    "key_rotation": ([("Query PutItem UpdateItem DeleteItem", [KEYS])], []),
    "cleanup": (
        [
            ("BatchGetItem Query", [USER]),
            ("GetItem PutItem", ["SWEEP", "STATS", "GONE#*"]),
            ("UpdateItem", [USER, COUNT]),
            ("GetItem", NAMES[:3]),
            (
                "DeleteItem",
                ["SWEEP", USER, NOBODY, *NAMES[:4], ROLE, ORG, SIGNIN, PAR, PAGE, DEVICE, ASSERTION, TICKET, LIMIT, WEBHOOK, SCHEDULE],
            ),
        ],
        [],
    ),
}

# What each function lists, and who writes down what it changed.
LISTED = {"users_api": ["USERS#*", "ROLES"], "organizations_api": ["ORGS", "MEMBERS#*"], "clients_api": ["CLIENTS", "APIS", "CONNECTIONS"]}
AUDITED = ["users_api", "hooks_api", "user_events", "cleanup"]
MAILERS = ["hosted_pages", "users_api", "organizations_api", "account"]


@pytest.fixture(autouse=True)
def aws() -> None:
    """Nothing here needs the table that the other tests have."""


def allowances(function: str, service: str) -> list[dict[str, Any]]:
    """The function's own statements about one service."""
    return [entry for entry in statements(function) if actions(entry)[0].startswith(f"{service}:")]


def about(function: str, resource: str) -> list[dict[str, Any]]:
    """The function's own statements about one table, index or stream."""
    return [entry for entry in allowances(function, "dynamodb") if resources(entry) == [resource]]


def actions(statement: dict[str, Any]) -> list[str]:
    return listed(statement["Action"])


def test_every_folder_of_functions_is_a_function_and_none_is_missing_here() -> None:
    folders = {file.parent.name for file in (ROOT / "functions").glob("*/app.py")}

    assert folders == ALLOWED.keys()
    assert {resource["Properties"]["CodeUri"] for resource in FUNCTIONS.values()} == {f"functions/{f}" for f in folders}


@pytest.mark.parametrize("function", ALLOWED)
def test_a_function_has_exactly_the_table_operations_it_needs(function: str) -> None:
    found = [entry for entry in about(function, TABLE) if "Condition" in entry]

    operations = [{f"dynamodb:{operation}" for operation in names.split()} for names, _ in ALLOWED[function][0]]
    partitions = [entry["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"] for entry in found]
    assert [set(actions(entry)) for entry in found] == operations
    assert partitions == [allowed for _, allowed in ALLOWED[function][0]]


@pytest.mark.parametrize("function", ALLOWED)
def test_a_function_lists_only_what_it_serves(function: str) -> None:
    condition = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": LISTED.get(function)}}

    granted = [(entry["Action"], entry["Condition"]) for entry in about(function, LISTING)]
    assert granted == ([("dynamodb:Query", condition)] if function in LISTED else [])


@pytest.mark.parametrize("function", ALLOWED)
def test_what_was_written_down_no_function_reads_updates_or_deletes(function: str) -> None:
    assert [entry["Action"] for entry in about(function, AUDIT)] == (["dynamodb:PutItem"] if function in AUDITED else [])


@pytest.mark.parametrize("function", ALLOWED)
def test_every_statement_about_data_names_one_table_index_or_stream(function: str) -> None:
    named = [about(function, resource) for resource in (TABLE, LISTING, AUDIT, STREAM)]

    assert sum(map(len, named)) == len(allowances(function, "dynamodb"))


def test_only_cleanup_reads_the_whole_table() -> None:
    unconditional = [function for function in ALLOWED for entry in about(function, TABLE) if "Condition" not in entry]

    assert unconditional == ["cleanup"]
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

    unwraps = [entry for entry in allowances(function, "kms") if "kms:Decrypt" in actions(entry)]
    assert unwraps == ([expected] if purposes else [])


def test_secrets_for_messages_to_others_are_wrapped_where_operators_make_them_and_nothing_else_is() -> None:
    wraps = {function: [entry for entry in allowances(function, "kms") if "kms:Encrypt" in actions(entry)] for function in ALLOWED}

    assert {function for function, entries in wraps.items() if entries} == {"hooks_api"}
    assert wraps["hooks_api"] == [
        {
            "Effect": "Allow",
            "Action": "kms:Encrypt",
            "Resource": {"GetAtt": "Key.Arn"},
            "Condition": {"StringEquals": {"kms:EncryptionContext:purpose": ["messages"]}},
        }
    ]


# Whose requests run hooks.
RUN_HOOKS = ["hosted_pages", "authorize", "token_exchange", "token_refresh", "users_api", "hooks_api", "webhook_delivery"]


def test_whoever_runs_hooks_calls_those_of_the_stack_and_what_the_operator_named_and_nothing_else() -> None:
    invokes, named, unwraps = RESOURCES["HookInvocation"]["Properties"]["PolicyDocument"]["Statement"]

    assert RESOURCES["HookInvocation"]["Properties"]["Roles"] == [{"Ref": f"{logical_id(function)}Role"} for function in RUN_HOOKS]
    own = [{"GetAtt": f"{logical_id(name)}.Arn"} for name in ("user_creation", "claims_enrichment")]
    assert invokes == {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": own}
    targets = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": {"Ref": "HookTargets"}}
    assert named == {"Fn::If": ["HasHookTargets", targets, {"Ref": "AWS::NoValue"}]}
    assert unwraps["Condition"] == {"StringEquals": {"kms:EncryptionContext:purpose": ["messages"]}}
    assert (unwraps["Action"], unwraps["Resource"]) == ("kms:Decrypt", {"GetAtt": "Key.Arn"})


def test_whatever_an_operator_names_no_other_function_of_the_stack_is_called() -> None:
    own, runner = (RESOURCES[name]["Properties"] for name in ("OwnFunctions", "OwnScheduleRunner"))
    roles = [{"Ref": f"{logical_id(function)}Role"} for function in [*RUN_HOOKS, "schedule_runner"]]
    others = [name for name in FUNCTIONS if name not in ("UserCreationFunction", "ClaimsEnrichmentFunction", "ScheduleRunnerFunction")]

    assert own["Roles"] == roles
    assert runner["Roles"] == [role for role in roles if role != {"Ref": "HooksApiFunctionRole"}]
    for policy, names in ((own, others), (runner, ["ScheduleRunnerFunction"])):
        (denies,) = policy["PolicyDocument"]["Statement"]
        assert (denies["Effect"], denies["Action"], denies.keys()) == ("Deny", "lambda:InvokeFunction", {"Effect", "Action", "Resource"})
        # With a version or an alias behind it, too.
        assert listed(denies["Resource"]) == [{"Sub": f"${{{name}.Arn}}*"} for name in names]


def test_no_function_calls_another_beside_that() -> None:
    # What else schedules take, tests/unit/test_schedule_policies.py holds.
    assert {function for function in ALLOWED if allowances(function, "lambda")} == {"hooks_api"}


def test_key_rotation_makes_keys_that_it_can_never_read() -> None:
    (statement,) = allowances("key_rotation", "kms")

    assert set(actions(statement)) == {
        "kms:GenerateDataKeyPairWithoutPlaintext",
        "kms:GenerateDataKeyWithoutPlaintext",
    }


def test_mail_is_sent_by_these_functions_and_only_from_the_configured_sender() -> None:
    assert [function for function in ALLOWED if allowances(function, "ses")] == MAILERS

    for function in MAILERS:
        assert allowances(function, "ses") == allowances("hosted_pages", "ses")
    (statement,) = allowances("hosted_pages", "ses")
    assert statement["Action"] == "ses:SendEmail"
    assert statement["Condition"] == {"StringEquals": {"ses:FromAddress": [{"Ref": "MailFrom"}]}}


def test_one_function_reads_secrets_and_only_those_of_this_stacks_hooks() -> None:
    arn = "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${AWS::StackName}/hooks/*"

    assert [function for function in ALLOWED if allowances(function, "secretsmanager")] == ["claims_enrichment"]
    assert allowances("claims_enrichment", "secretsmanager") == [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": {"Sub": arn}}
    ]


def test_one_function_puts_events_on_the_bus_of_the_stack() -> None:
    assert [function for function in ALLOWED if allowances(function, "events")] == ["user_events"]
    assert allowances("user_events", "events") == [
        {"Effect": "Allow", "Action": "events:PutEvents", "Resource": {"GetAtt": "EventBus.Arn"}}
    ]


def queue_arns(*names: str) -> list[dict[str, str]]:
    return [{"GetAtt": f"{name}.Arn"} for name in names]


# Who puts messages into which queues, and who takes them out.
SENDS = {"user_events": ["LogoutNotices", "FailedEvents", "WebhookDeliveries"], "hooks_api": ["WebhookDeliveries"]}
RECEIVES = {"logout_delivery": "LogoutNotices", "webhook_delivery": "WebhookDeliveries"}


def test_a_function_writes_and_reads_no_other_queues_than_it_must() -> None:
    assert {function for function in ALLOWED if allowances(function, "sqs")} == SENDS.keys() | RECEIVES.keys()
    for function, names in SENDS.items():
        (writes,) = allowances(function, "sqs")
        assert (listed(writes["Action"]), listed(writes["Resource"])) == (["sqs:SendMessage"], queue_arns(*names))
    for function, name in RECEIVES.items():
        (reads,) = allowances(function, "sqs")
        assert set(actions(reads)) == {f"sqs:{name}" for name in (*QUEUE_READS, "ChangeMessageVisibility")}
        assert [reads["Resource"]] == queue_arns(name)


QUEUE_READS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
STREAM_READS = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")


@pytest.mark.parametrize("source", SOURCES)
def test_a_function_may_read_exactly_the_source_that_invokes_it(source: str) -> None:
    mapping = PROPERTIES[source]
    (function,) = [name for name in ALLOWED if {"Ref": logical_id(name)} == mapping["FunctionName"]]
    streams = mapping["EventSourceArn"] == {"GetAtt": STREAM}
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


SERVICES = {"dynamodb", "events", "iam", "kms", "lambda", "scheduler", "secretsmanager", "ses", "sqs"}


@pytest.mark.parametrize("function", ALLOWED)
def test_no_function_has_an_allowance_beside_these(function: str) -> None:
    own = PROPERTIES[logical_id(function)]

    assert {actions(entry)[0].split(":")[0] for entry in statements(function)} <= SERVICES
    assert not [action for entry in statements(function) for action in actions(entry) if "*" in action]
    assert len(own.get("Policies", [])) <= 1
    assert "Role" not in own
