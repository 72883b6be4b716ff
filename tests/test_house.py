"""The shape of the package: which room may import which, no import in a circle, and files that one can read at a sitting."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "realtime"

FLOORS = (
    ("core",),
    ("media",),
    ("models",),
    ("look", "styles"),
    ("control",),
    ("sources", "sinks"),
    ("live",),
    ("osc", "page", "render", "photo", "diagnose"),
    ("cli",),
)
"""From below. A room imports rooms of lower floors, and of its own floor those that stand before it."""

ROOMS = tuple(room for floor in FLOORS for room in floor)
APART = "training"
"""How the weights are made: imports any room below the commands, and nothing imports it."""

LONG_FILES = {
    "sources/scene.py",  # the demo scene
}
"""Files of more than 300 lines."""


def module_name(path: Path) -> str:
    """`realtime.core.errors` for its file; the package's name for an `__init__`."""
    names = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


FILES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def imports(module: str) -> frozenset[str]:
    """The modules of this package that a module imports anywhere: at its top, in a function, or for types alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(FILES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            home = (
                ".".join([*module.split(".")[: -node.level], *filter(None, [node.module])])
                if node.level
                else node.module
            )
            submodules = {f"{home}.{name.name}" for name in node.names} & FILES.keys()
            found.update(submodules or {str(home)})
        elif isinstance(node, ast.Constant) and isinstance(
            node.value, str
        ):  # tables of what is imported when it is needed
            found.add(node.value.partition(":")[0])
    return frozenset(found & FILES.keys())


def room(module: str) -> str:
    """The room that a module is in; empty for the files beside the rooms."""
    names = module.split(".")
    return names[1] if len(names) > 1 and (PACKAGE / names[1]).is_dir() else ""


def test_every_room_has_its_place() -> None:
    found = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert found <= {*ROOMS, APART}


@pytest.mark.parametrize("module", [name for name in FILES if room(name) in ROOMS])
def test_no_module_imports_a_room_above_its_own(module: str) -> None:
    own = ROOMS.index(room(module))
    above = [name for name in imports(module) if room(name) == APART or room(name) in ROOMS[own + 1 :]]
    assert not above, f"{module} is in the room {room(module)}"


def test_nothing_imports_the_commands_but_the_program_and_nothing_imports_the_training() -> None:
    for module in FILES:
        for name in imports(module):
            assert room(name) != "cli" or room(module) == "cli" or module == "realtime.__main__", (module, name)
            assert room(name) != APART or room(module) == APART, (module, name)


def test_no_imports_in_a_circle() -> None:
    graph = {
        module: imports(module) - {"realtime"} for module in FILES
    }  # which imports the public names when they are used
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_files_have_300_lines_at_most() -> None:
    lengths = {
        str(path.relative_to(PACKAGE).as_posix()): len(path.read_bytes().splitlines()) for path in FILES.values()
    }
    assert {name for name, lines in lengths.items() if lines > 300} == LONG_FILES
