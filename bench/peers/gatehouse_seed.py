"""What gatehouse needs before it is measured: table and keys, clients with ES256 and with RS256, people who are signed on."""

import json
import os
import sys
from typing import Any

from bench.measure import make_table_and_keys
from bench.operations import PASSWORD, World, operations
from gatehouse import passwords


def main() -> None:
    """Prints as JSON what the measuring process has to know. argv: how many people beside the first, and how many requests for starts."""
    output, sys.stdout = sys.stdout, open(os.devnull, "w")  # noqa: SIM115 - until the process ends
    make_table_and_keys()
    worlds = {algorithm: World(algorithm) for algorithm in ("ES256", "RS256")}
    stored = passwords.hash_password(PASSWORD)
    told: dict[str, Any] = {algorithm: _told(world) for algorithm, world in worlds.items()}
    people = [worlds["ES256"].new_person(f"person{number}@example.com", stored) for number in range(int(sys.argv[1]))]
    told["people"] = [{"email": person.email, "cookie": "; ".join(worlds["ES256"].signed_on(person))} for person in people]
    [refresh] = [operation for operation in operations(worlds["ES256"]) if operation.name == "refresh"]
    told["starts"] = [refresh.prepare() for _ in range(int(sys.argv[2]))]
    told |= {"key_arn": os.environ["KEY_ARN"], "password": PASSWORD}
    json.dump(told, output)


def _told(world: World) -> dict[str, Any]:
    machine = {"machine": world.machine.client_id, "secret": world.machine.secret}
    return {"app": world.app.client_id, "cookie": "; ".join(world.signed_on()), "email": world.email} | machine


if __name__ == "__main__":
    main()
