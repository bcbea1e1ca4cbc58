"""The shape of the repository: what a glance at one file cannot tell."""

from __future__ import annotations

import ast
import os
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("schemas", "tagging", "segments", "stream", "collectors")
MOST_LINES_IN_A_FILE = 400
MOST_LINES_IN_A_FUNCTION = 60
# Folders of people and machines, never the public ones such as /etc or /usr. Built from parts, so that this file does not name them itself.
MACHINE_PATH = re.compile(rf"(?<![\w.~-])/(?:{'root'}|{'work'}|{'home'}/[a-z]|{'Users'}/|tmp/[a-z]+/{'v'})(?![\w-])")
ALLOWED_PATHS = re.compile(r"/home/(?:ann|bob)\b")


def committed_files() -> list[Path]:
    """Every file that .gitignore does not leave out; without asking git, which a machine that runs Ebbtide need not have."""
    patterns = [".git", *(line.strip("/") for line in text_of(ROOT / ".gitignore").split())]
    found: list[Path] = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [each for each in folders if not any(fnmatch(each, pattern) for pattern in patterns)]
        found += [Path(folder, each) for each in files if not any(fnmatch(each, pattern) for pattern in patterns)]
    return found


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def test_no_source_file_is_longer_than_four_hundred_lines() -> None:
    assert [name(path) for path in sources() if len(text_of(path).splitlines()) > MOST_LINES_IN_A_FILE] == []


def test_no_function_is_longer_than_sixty_lines() -> None:
    long = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in sources()
        for node in ast.walk(ast.parse(text_of(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= MOST_LINES_IN_A_FUNCTION
    ]

    assert long == []


@pytest.mark.parametrize("lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name)
def test_a_lock_names_versions_and_hashes_and_no_place(lock: Path) -> None:
    text = text_of(lock)
    pinned = re.findall(r"^[a-z0-9.-]+(?:\[[a-z,]+\])?==", text, re.MULTILINE)

    assert pinned
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text
    assert len(re.findall(r"^[a-z0-9][^\n]*\\\n +--hash=sha256:", text, re.MULTILINE)) == len(pinned)


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    naming = [
        f"{name(path)}:{number}"
        for path in committed_files()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if MACHINE_PATH.search(ALLOWED_PATHS.sub("", line))
    ]

    assert naming == []


@pytest.mark.parametrize("script", [*sorted((ROOT / "scripts").iterdir()), ROOT / ".ci" / "run"], ids=lambda path: path.name)
def test_a_script_can_be_run_and_stops_at_the_first_error(script: Path) -> None:
    first, *others = text_of(script).splitlines()

    assert os.access(script, os.X_OK)
    assert first.startswith("#!")
    if "bash" in first:
        assert "set -euo pipefail" in others
