"""The language of searches: what is understood, and that everything else is refused and nothing guessed."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gatehouse.search.syntax import DEEPEST, MOST_CLAUSES, And, Begins, Exists, Is, Node, Not, Or, Unanswerable, Within, parse

A, B, C = Is("name", "a"), Is("name", "b"), Is("name", "c")


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("name:jane", Is("name", "jane")),
        ('name:"Jane Doe"', Is("name", "Jane Doe")),
        ('  name : "Jane \\"JD\\" Doe\\\\" ', Is("name", 'Jane "JD" Doe\\')),
        ("name:jan*", Begins("name", "jan")),
        ("name:ja\\*n", Is("name", "ja*n")),
        ("name:ja\\**", Begins("name", "ja*")),
        ('name:"jan*"', Is("name", "jan*")),
        ("name:*", Exists("name")),
        ("_exists_:nickname", Exists("nickname")),
        ("user_id:gatehouse|a1", Is("user_id", "gatehouse|a1")),
        ("email:ada@example.com", Is("email", "ada@example.com")),
        ("user_metadata.home.zip-code:1010", Is("user_metadata.home.zip-code", "1010")),
        ("user_metadata.my\\ key:x", Is("user_metadata.my key", "x")),
        ("user_metadata.größe:ü", Is("user_metadata.größe", "ü")),
        ('name:"AND"', Is("name", "AND")),
        ("name:and", Is("name", "and")),
        ("name:\\AND", Is("name", "AND")),
        ("created_at:[2026-01-01 TO *]", Within("created_at", "2026-01-01", None, (True, True))),
        ("created_at:{* TO 2026-01-31T12:30:00.000Z}", Within("created_at", None, "2026-01-31T12:30:00.000Z", (False, False))),
        ('logins_count:[1 TO "9"}', Within("logins_count", "1", "9", (True, False))),
        ("name:a AND name:b OR name:c", Or((And((A, B)), C))),
        ("name:a OR name:b AND name:c", Or((A, And((B, C))))),
        ("name:a AND (name:b OR name:c)", And((A, Or((B, C))))),
        ("NOT name:a AND name:b", And((Not(A), B))),
        ("NOT (name:a OR name:b)", Not(Or((A, B)))),
        ("((name:a))", A),
        ("name:a AND name:b AND name:c", And((A, B, C))),
        ("name:a\nAND\tname:b", And((A, B))),
    ],
)
def test_a_query_means_what_it_says(query: str, tree: Node) -> None:
    assert parse(query) == tree


@pytest.mark.parametrize(
    "query",
    [
        "",
        "   ",
        "jane",
        '"jane doe"',
        "name:",
        ":jane",
        "*:*",
        "*",
        "name:jane doe",
        "name:jane email:x",
        "name:a AND",
        "AND name:a",
        "name:a AND OR name:b",
        "name:a OR AND name:b",
        "NOT",
        "name:a NOT name:b",
        "name:a && name:b",
        "name:a || name:b",
        "!name:a",
        "+name:a",
        "-name:a",
        "(name:a",
        "name:a)",
        "()",
        "name:(a OR b)",
        "name:a*b",
        "name:*a",
        "name:a?",
        "name:a~",
        "name:a~2",
        "name:a^2",
        "name:/a.*/",
        'name:"a"~2',
        'name:"a',
        "name:a\\",
        "name:a:b",
        "created_at:>2026",
        "created_at:[a TO b",
        "created_at:[a b]",
        "created_at:[a TO ]",
        "created_at:[a* TO b]",
        "created_at:a TO b]",
        "created_at:[a TO b)",
        "_exists_:",
        "_exists_:*",
        "AND:x",
        "NOT:x",
        "name:AND",
        "1name:x",
        "user_metadata..x:1",
        "user_metadata.:1",
        "na'me:x",
        "<script>:x",
    ],
)
def test_what_is_not_understood_is_refused(query: str) -> None:
    with pytest.raises(Unanswerable) as refused:
        parse(query)

    assert refused.value.reason


def test_a_refusal_says_where() -> None:
    with pytest.raises(Unanswerable, match="character 12: AND or OR"):
        parse("name:jane  email:x")
    with pytest.raises(Unanswerable, match="at the end: the bracket is never closed"):
        parse("(name:jane")


@pytest.mark.row(88)
def test_a_query_is_bounded_in_length_depth_and_clauses() -> None:
    for fits in ("name:" + "x" * 995, "(" * DEEPEST + "name:a" + ")" * DEEPEST, " OR ".join(["name:a"] * MOST_CLAUSES)):
        parse(fits)
    for beyond in (
        "name:" + "x" * 996,
        "(" * (DEEPEST + 1) + "name:a" + ")" * (DEEPEST + 1),
        "NOT " * (DEEPEST + 1) + "name:a",
        " OR ".join(["name:a"] * (MOST_CLAUSES + 1)),
        "(" * 990,
    ):
        with pytest.raises(Unanswerable, match="at most"):
            parse(beyond)


_pieces = st.sampled_from(
    [
        "name",
        "email",
        ":",
        " AND ",
        " OR ",
        " NOT ",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        " TO ",
        '"',
        "\\",
        "*",
        "?",
        " ",
        "a",
        "_exists_:",
        "\ud800",
        "\x1f",
    ]
)


@pytest.mark.row(88)
@given(st.lists(_pieces, max_size=40).map("".join) | st.text(max_size=1100))
@examples(max_examples=400)
def test_no_text_makes_the_parser_fail(query: str) -> None:
    with contextlib.suppress(Unanswerable):
        parse(query)


_words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)


@given(_words)
@examples(max_examples=200)
def test_any_value_can_be_asked_for_in_quotes_or_escaped(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    escaped = "".join(f"\\{character}" for character in value)

    assert parse(f'name:"{quoted}"') == parse(f"name:{escaped}") == Is("name", value)


_clauses = st.builds(Is, st.just("name"), st.sampled_from("abc"))
_trees = st.recursive(_clauses, lambda inner: st.builds(Not, inner) | st.builds(lambda a, b: And((a, b)), inner, inner), max_leaves=6)


@given(_trees)
@examples(max_examples=100)
def test_a_tree_that_is_written_with_brackets_is_read_back(tree: Node) -> None:
    assert parse(_written(tree)) == tree


def _written(tree: Node) -> str:
    if isinstance(tree, Is):
        return f"{tree.field}:{tree.value}"
    if isinstance(tree, Not):
        return f"NOT ({_written(tree.part)})"
    assert isinstance(tree, And)
    return " AND ".join(f"({_written(part)})" for part in tree.parts)
