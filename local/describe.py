"""Write what is generated from the routes of the Management API: its OpenAPI document and the table in docs/management-api.md."""

import json
import sys
from pathlib import Path

from gatehouse.management import catalogue, description
from local.instance import ROOT

OPENAPI_FILE = ROOT / "docs" / "openapi.json"
TABLE_FILE = ROOT / "docs" / "management-api.md"
EXAMPLE_URL = "https://id.example.com"
BEGIN, END = "<!-- routes -->", "<!-- end of routes -->"


def openapi() -> str:
    """The document as a file, with an example of an address in it."""
    return json.dumps(description.document(EXAMPLE_URL), indent=1, ensure_ascii=False) + "\n"


def table() -> str:
    """One line per route: what it does, and any one of which scopes opens it."""
    routes = sorted([*catalogue.everything(), *description.ELSEWHERE], key=lambda route: (route.full_path, route.method))
    lines = ["| method | path | | scopes, any of |", "|---|---|---|---|"]
    for route in routes:
        own = [f"`{scope}` (own)" for scope in route.own_scopes]
        scopes = ", ".join([*(f"`{scope}`" for scope in route.scopes), *own]) or "public"
        within = "; also an organization's operators" if route.in_organization else ""
        lines.append(f"| {route.method} | `{route.full_path}` | {route.summary} | {scopes}{within} |")
    return "\n".join(lines)


def with_table(text: str) -> str:
    """The text of the file with the table as it is now."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> int:
    """Write both files; 1 if that changed one."""
    written = {OPENAPI_FILE: openapi(), TABLE_FILE: with_table(TABLE_FILE.read_text(encoding="utf-8"))}
    changed = [file for file, text in written.items() if not _same(file, text)]
    for file in changed:
        file.write_text(written[file], encoding="utf-8")
        print(f"wrote {file.relative_to(ROOT)}")
    return bool(changed)


def _same(file: Path, text: str) -> bool:
    return file.exists() and file.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
