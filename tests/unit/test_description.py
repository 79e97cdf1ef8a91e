"""The description of the Management API: made from the code, served, and kept in the repository as it is."""

import json

from gatehouse.management import catalogue, description
from local import describe
from tests.unit.conftest import ISSUER, call


def test_the_document_in_the_repository_is_the_one_of_the_code() -> None:
    assert describe.OPENAPI_FILE.read_text(encoding="utf-8") == describe.openapi(), "make describe writes it"


def test_the_table_of_routes_is_the_one_of_the_code() -> None:
    assert describe.table() in describe.TABLE_FILE.read_text(encoding="utf-8"), "make describe writes it"


def test_it_is_served_to_everybody_with_the_address_of_the_stack() -> None:
    answer = call("clients_api", "GET", "/api/v2/openapi.json")

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json == json.loads(json.dumps(description.document(ISSUER)))
    assert (answer.json["openapi"], answer.json["servers"]) == ("3.1.0", [{"url": ISSUER}])


def test_every_operation_has_an_id_of_its_own() -> None:
    document = description.document(ISSUER)

    ids = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids)) == len(catalogue.everything()) + len(description.ELSEWHERE)
