"""What the Management API refuses beside what every endpoint does, in Auth0's words: its SDKs tell cases apart by errorCode."""

from gatehouse.errors import Refusal


class InvalidBody(Refusal):
    code, status = "invalid_body", 400


class InvalidQuery(Refusal):
    code, status = "invalid_query_string", 400


class InvalidUri(Refusal):
    code, status = "invalid_uri", 400


class InvalidPaging(Refusal):
    code, status = "invalid_paging", 400


class OperationNotSupported(Refusal):
    code, status = "operation_not_supported", 400


class NoSuchUser(Refusal):
    code, status = "inexistent_user", 404

    def __init__(self) -> None:
        super().__init__("The user does not exist.")


class NoSuchRole(Refusal):
    code, status = "inexistent_role", 404

    def __init__(self) -> None:
        super().__init__("The role does not exist.")


class NoSuchApi(Refusal):
    code, status = "inexistent_resource_server", 404

    def __init__(self) -> None:
        super().__init__("The resource server does not exist.")


class NoSuchPermission(Refusal):
    code, status = "inexistent_permission", 404

    def __init__(self) -> None:
        super().__init__("The resource server has no such scope.")


class Conflict(Refusal):
    """Somebody else has it already. Nothing was done, and nothing is by asking again, as Auth0's SDK does."""

    code, status = "conflict", 409


class SecretsInUse(Conflict):
    """One rotation more would end a secret that still counts beside the present one."""

    def __init__(self) -> None:
        super().__init__("Too many earlier secrets still count; wait until one ends, or end all of them with overlap_hours 0.")


class UserExists(Conflict):
    code = "auth0_idp_error"

    def __init__(self, what: str = "") -> None:
        super().__init__("The user already exists.", detail=what)


class HookRefused(Refusal):
    """A hook of the operator has vetoed what was asked for, and would again."""

    code, status = "extensibility_error", 400

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason or "A hook refused to let the user be created.")


class PreconditionFailed(Refusal):
    """If-Match names another version (RFC 9110 13.1.1)."""

    code, status = "precondition_failed", 412

    def __init__(self) -> None:
        super().__init__("The resource was changed since the version that If-Match names.")


class NotPermitted(Refusal):
    """A caller with the scope, but not for this: it would give more than it has, or reach beyond its organization."""

    code, status = "access_denied", 403
