"""A pre_sign_up hook: who may sign up, and what their record begins with."""

from typing import Any

from gatehouse.hook_functions import user_creation


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    return user_creation.run(event)
