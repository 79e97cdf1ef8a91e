"""Finding people: a query in a part of Lucene's syntax, answered by exact keys, the list of users, and search entries."""

from gatehouse.search.engine import MOST_CANDIDATES, Found, find
from gatehouse.search.syntax import And, Is, Node, Unanswerable, parse

__all__ = ["MOST_CANDIDATES", "And", "Found", "Is", "Node", "Unanswerable", "find", "parse"]
