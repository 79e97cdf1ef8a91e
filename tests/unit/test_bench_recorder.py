"""What the measurements count of an invocation is what it did: units by partition, and each line of the log."""

from bench.recorder import recording
from tests.unit.flows import new_client, new_user, refresh, signed_in, userinfo


def test_units_are_told_by_partition_and_lines_one_by_one() -> None:
    new_user()
    app = new_client()
    tokens = signed_in(app.client_id)
    with recording() as refreshed:
        fresh = refresh(app.client_id, tokens["refresh_token"]).json
    with recording() as asked:
        assert userinfo(fresh["access_token"]).status == 200

    assert refreshed.partitions == {"USER": [1, 1]}
    assert (refreshed.wru, refreshed.rru) == (1, 1)
    assert asked.partitions == {"USER": [0, 2]}
    assert len(refreshed.log_lines) == len(asked.log_lines) == 1


def test_a_login_counts_in_partitions_of_its_own_by_address_and_by_account() -> None:
    new_user()
    app = new_client()
    with recording() as work:
        signed_in(app.client_id)

    kinds = {kind for kind in work.partitions if kind.startswith("LIMIT")}
    assert kinds == {"LIMIT#IPLOGIN", "LIMIT#PASSWORD"}
    assert sum(written for written, _ in work.partitions.values()) == work.wru
    assert sum(read for _, read in work.partitions.values()) == work.rru
