"""Which files of gatehouse lie in the core layer: those that a function without the whole layer can come to need."""

from collections.abc import Iterable

from local import reach, template
from local.instance import ROOT

LIST_FILE = ROOT / "layers" / "core" / "files.txt"
WHOLE = "WholeLayer"
# What modules read beside themselves.
DATA = {
    "gatehouse.aws.sockets": ("aws/amazon_roots.pem",),
    "gatehouse.blocklist": ("data",),
    "gatehouse.pages": ("pages/style.css", "pages/templates"),
}


def of_functions() -> dict[str, set[str]]:
    """The layers of every function, both by name: a function's is that of its folder."""
    return {name: set(properties["Layers"]) for name, properties in template.functions().items()}


def files(functions: Iterable[str]) -> list[str]:
    """The files of gatehouse that these functions can come to need, beside layers/core/python."""
    modules = set().union(*(reach.of(ROOT / "functions" / function / "app.py").modules for function in functions))
    found = {reach.modules()[module].relative_to(reach.SOURCES).as_posix() for module in modules}
    return sorted(found | {f"{reach.PACKAGE}/{path}" for module in modules & DATA.keys() for path in DATA[module]})


def core() -> str:
    """The list as a file, one a line."""
    return "".join(f"{file}\n" for file in files(name for name, layers in of_functions().items() if WHOLE not in layers))


def write() -> bool:
    """Bring the list up to date. Answers whether it was not."""
    written = core()
    if LIST_FILE.exists() and LIST_FILE.read_text(encoding="utf-8") == written:
        return False
    LIST_FILE.write_text(written, encoding="utf-8")
    return True


if __name__ == "__main__":
    print(f"{LIST_FILE.relative_to(ROOT)} is {'written anew' if write() else 'as it should be'}")
