"""A music application's own backend: it verifies tokens by the published key set and keeps songs in a table of its own, by subject."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import flask
import jwt
from werkzeug.serving import make_server

from tests.e2e.deployment import Deployment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

AUDIENCE = "https://music.example.com"
EDITOR = "playlist_editor"
PLAYS = f"{AUDIENCE}/plays"
_KEY = [{"AttributeName": "sub", "KeyType": "HASH"}, {"AttributeName": "title", "KeyType": "RANGE"}]


@contextmanager
def serving(stack: Deployment) -> Iterator[str]:
    """Serve it until the block ends. Gives its origin."""
    server = make_server("127.0.0.1", 0, _application(stack, _songs(stack)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _songs(stack: Deployment) -> "Table":
    with stack.administered():
        resource = boto3.resource("dynamodb", endpoint_url=stack.instance.endpoint)
        attributes = [{"AttributeName": entry["AttributeName"], "AttributeType": "S"} for entry in _KEY]
        return resource.create_table(
            TableName="songs",
            KeySchema=_KEY,  # type: ignore[arg-type]
            AttributeDefinitions=attributes,  # type: ignore[arg-type]
            BillingMode="PAY_PER_REQUEST",
        )


def _application(stack: Deployment, songs: "Table") -> flask.Flask:
    app = flask.Flask(__name__)
    keys = jwt.PyJWKClient(f"{stack.issuer}/.well-known/jwks.json")

    def caller() -> dict[str, Any]:
        token = flask.request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            key = keys.get_signing_key_from_jwt(token)
            claims: dict[str, Any] = jwt.decode(token, key, algorithms=["RS256"], audience=AUDIENCE, issuer=stack.issuer)
        except jwt.PyJWTError:
            flask.abort(401)
        return claims

    def subject() -> str:
        return str(caller()["sub"])

    @app.get("/welcome")
    def welcome() -> Any:
        claims = caller()
        text = "Welcome, editor of playlists" if EDITOR in claims.get("roles", []) else "Welcome, listener"
        return flask.jsonify({"text": text, "plays": claims.get(PLAYS)})

    @app.get("/songs")
    def listed() -> Any:
        found = songs.query(KeyConditionExpression="#sub = :sub", **_named(subject()))
        return flask.jsonify([item["title"] for item in found["Items"]])

    @app.post("/songs")
    def added() -> Any:
        songs.put_item(Item={"sub": subject(), "title": flask.request.get_json()["title"]})
        return "", 204

    return app


def _named(sub: str) -> dict[str, Any]:
    return {"ExpressionAttributeNames": {"#sub": "sub"}, "ExpressionAttributeValues": {":sub": sub}}
