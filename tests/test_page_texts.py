"""The page's files: every string in five languages, nothing from elsewhere, and light enough."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import realtime

STATIC = Path(realtime.__file__).parent / "page" / "static"
LANGUAGES = "en", "de", "fr", "es", "ja"
BUILT = "camera_", "error_", "group_", "invite_", "role_"
"""Beginnings of the names of texts that the page puts together while it runs."""


def texts(language: str) -> dict[str, str]:
    source = (STATIC / f"text.{language}.js").read_text("utf-8")
    found = re.findall(r'^  "?([\w-]+)"?:\s+"((?:[^"\\]|\\.)*)",$', source, re.MULTILINE)
    assert len(found) == source.count(",\n"), f"a line of text.{language}.js is not understood"
    return dict(found)


def code() -> str:
    files = [
        file
        for folder in (STATIC, STATIC.parent / "alone")
        for file in folder.iterdir()
        if file.suffix in (".js", ".html")
    ]
    return "\n".join(file.read_text("utf-8") for file in files if not file.name.startswith("text."))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_string_is_there_in_every_language(language: str) -> None:
    english, other = texts("en"), texts(language)
    assert list(other) == list(english)
    assert all(other.values())
    for name, text in english.items():
        assert sorted(re.findall(r"\{\w+\}", other[name])) == sorted(re.findall(r"\{\w+\}", text)), name


def test_the_page_uses_every_string_and_no_other() -> None:
    known, source = texts("en"), code()
    asked = {*re.findall(r'\bt\("([\w-]+)"', source), *re.findall(r'data-text="([\w-]+)"', source)}
    assert asked <= known.keys()
    unused = [
        name for name in known if not name.startswith(BUILT) and f'"{name}"' not in source and f" {name}" not in source
    ]
    assert not unused


def test_languages_of_the_same_alphabet_are_no_copies() -> None:
    english = texts("en")
    for language in LANGUAGES[1:]:
        same = [name for name, text in texts(language).items() if text == english[name] and len(text) > 8]
        assert not same, language


def test_nothing_comes_from_elsewhere() -> None:
    for file in STATIC.iterdir():
        text = re.sub(r"(?m)^\s*(//|\*|/\*).*$", "", file.read_text("utf-8"))
        text = text.replace("http://www.w3.org/2000/svg", "")
        if file.suffix in (".html", ".css", ".svg"):
            assert not re.search(r"https?:|//[a-z]|url\(|@import| style=| on\w+=|data:", text), file.name
        assert not re.search(r"\beval\(|new Function|innerHTML|insertAdjacentHTML|document\.write", text), file.name


def test_the_page_weighs_less_than_150_kb() -> None:
    sizes = {file.name: file.stat().st_size for file in STATIC.iterdir()}
    languages = [size for name, size in sizes.items() if re.fullmatch(r"text\.\w\w\.js", name)]
    assert sum(sizes.values()) - sum(languages) + max(languages) < 150_000


def test_no_module_is_longer_than_300_lines() -> None:
    for file in STATIC.glob("*.js"):
        assert len(file.read_text("utf-8").splitlines()) <= 300, file.name
