"""What not everybody has, and everybody has otherwise: a global sign-out, a sign-in by password, a session that is asked for."""

import html
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

from bench.peers.flows import Operation, Site, Wrong, authorization, bearer, expect, sign_in
from bench.peers.http_client import Answer, Connection

# Per connection and run, with what each needs prepared beforehand.
SIGN_OUTS = 15
SIGN_INS = 5


def people_needed(connections: int, runs: int) -> int:
    """How many people are signed out in so many runs, each once."""
    return SIGN_OUTS * connections * runs


def sign_out(site: Site, path: str, cookies: Iterator[str]) -> Operation:
    """Sign a person out everywhere who has just been given tokens. cookies: of people who are signed on, each used once."""

    async def begin(connection: Connection, number: int) -> list[str]:
        return [(await sign_in(connection, site, next(cookies)))["access_token"] for _ in range(SIGN_OUTS)]

    async def run(connection: Connection, tokens: list[str]) -> list[str]:
        expect(await connection.post(path, "", bearer(tokens.pop())), 204)
        return tokens

    return Operation(begin, run, SIGN_OUTS)


def floor_password(email: str, password: str) -> Operation:
    """One POST: address and password in, the cookie of a new sign-on out."""
    form = urlencode({"email": email, "password": password})

    async def begin(connection: Connection, number: int) -> None:
        return None

    async def run(connection: Connection, state: None) -> None:
        if not expect(await connection.post("/sign-in", form), 303).cookies:
            raise Wrong("signed in without a cookie")

    return Operation(begin, run)


def hosted_password(client_id: str, emails: list[str], password: str) -> Operation:
    """The POST of gatehouse's own page. Before it, unmeasured: the request for authorization, and the page itself."""
    query = urlencode(authorization(client_id))

    async def page(connection: Connection, email: str) -> tuple[str, str, str]:
        started = expect(await connection.request("GET", f"/authorize?{query}"), 303)
        parts = urlsplit(started.location)
        cookie = f"cookie: {'; '.join(started.cookies)}\r\n"
        shown = expect(await connection.request("GET", f"{parts.path}?{parts.query}", cookie), 200).body.decode()
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', shown))
        form = {name: html.unescape(value) for name, value in hidden.items()} | {"email": email, "password": password}
        return parts.path, urlencode(form), cookie

    async def begin(connection: Connection, number: int) -> list[tuple[str, str, str]]:
        return [await page(connection, emails[number]) for _ in range(SIGN_INS)]

    async def run(connection: Connection, pages: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
        path, form, cookie = pages.pop()
        answer = expect(await connection.post(path, form, cookie), 303)
        if not any(cookie.startswith("__Host-gatehouse=") for cookie in answer.cookies):
            raise Wrong(f"signed in without a cookie: {answer.location}")
        return pages

    return Operation(begin, run, SIGN_INS)


def better_auth(seed: dict[str, Any], port: int) -> dict[str, Operation]:
    """Its session for what userinfo is elsewhere, and its sign-in."""
    origin = f"origin: http://127.0.0.1:{port}\r\n"
    form = json.dumps({"email": seed["email"], "password": seed["password"]})

    async def begin(connection: Connection, number: int) -> None:
        return None

    async def session(connection: Connection, state: None) -> None:
        told = expect(await connection.request("GET", "/api/auth/get-session", f"cookie: {seed['cookie']}\r\n"), 200).json()
        if told["user"]["email"] != seed["email"]:
            raise Wrong("another session")

    async def signing_in(connection: Connection, state: None) -> None:
        answer = expect(await connection.post("/api/auth/sign-in/email", form, origin, "application/json"), 200)
        if not answer.cookies:
            raise Wrong("signed in without a cookie")

    return {"userinfo": Operation(begin, session), "password sign-in": Operation(begin, signing_in)}


async def cognito(connection: Connection, action: str, **parameters: Any) -> dict[str, Any]:
    """One call of Cognito's API.

    Raises:
        Wrong: it was refused.
    """
    # By the scope of the signature an emulator knows the service; neither verifies one here.
    scope = "Credential=test/20261121/us-east-1/cognito-idp/aws4_request, SignedHeaders=host, Signature=0"
    headers = f"x-amz-target: AWSCognitoIdentityProviderService.{action}\r\nauthorization: AWS4-HMAC-SHA256 {scope}\r\n"
    answer: Answer = await connection.post("/", json.dumps(parameters), headers, "application/x-amz-json-1.1")
    told = expect(answer, 200)
    return told.json() if told.body else {}


async def fill_pool(connection: Connection, people: int) -> dict[str, Any]:
    """A user pool with so many people, and a public client: what `emulator` takes for a seed."""
    pool = (await cognito(connection, "CreateUserPool", PoolName="peers"))["UserPool"]["Id"]
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    made = await cognito(connection, "CreateUserPoolClient", UserPoolId=pool, ClientName="app", ExplicitAuthFlows=flows)
    for number in range(people):
        await cognito(connection, "AdminCreateUser", UserPoolId=pool, Username=f"person{number}", MessageAction="SUPPRESS")
        password = {"Password": "Correct-horse-7-battery", "Permanent": True}
        await cognito(connection, "AdminSetUserPassword", UserPoolId=pool, Username=f"person{number}", **password)
    return {"client": made["UserPoolClient"]["ClientId"], "password": "Correct-horse-7-battery"}


def emulator(seed: dict[str, Any]) -> dict[str, Operation]:
    """Cognito's API: a refresh, and a sign-in with a global sign-out, which the sign-in alone is taken from."""
    client = seed["client"]

    async def signed_in(connection: Connection, number: int) -> tuple[int, dict[str, Any]]:
        parameters = {"USERNAME": f"person{number}", "PASSWORD": seed["password"]}
        told = await cognito(connection, "InitiateAuth", ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters)
        return number, told["AuthenticationResult"]

    async def refresh(connection: Connection, state: tuple[int, dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        parameters = {"REFRESH_TOKEN": state[1]["RefreshToken"]}
        told = await cognito(connection, "InitiateAuth", ClientId=client, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=parameters)
        if not {"AccessToken", "IdToken"} <= told["AuthenticationResult"].keys():
            raise Wrong("refreshed without tokens")
        return state

    async def again(connection: Connection, state: tuple[int, dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        return await signed_in(connection, state[0])

    async def pair(connection: Connection, state: tuple[int, dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        _, tokens = await signed_in(connection, state[0])
        await cognito(connection, "GlobalSignOut", AccessToken=tokens["AccessToken"])
        return state

    return {
        "refresh": Operation(signed_in, refresh),
        "sign-in": Operation(signed_in, again),
        "sign-in + sign-out": Operation(signed_in, pair),
    }
