"""Each language says everything, with the same things filled in."""

import string
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

import pytest

from alphorn.base.door import Offence, Scope
from alphorn.base.help import GROUPS, PAGES
from alphorn.operations import door_texts
from alphorn.web.texts import TEXTS
from alphorn.web.views.home import ORDER

OTHERS = sorted(set(TEXTS) - {"en"})


def parts(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Each text within, by the way to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from parts(item, f"{path}/{key}")
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from parts(item, f"{path}/{number}")
    elif is_dataclass(value):
        for field in fields(value):
            yield from parts(getattr(value, field.name), f"{path}/{field.name}")


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_the_five_languages_are_those_of_all_our_texts() -> None:
    assert set(TEXTS) == set(door_texts.TEXTS) == {"en", "de", "fr", "it", "es"}


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_a_language_has_every_part(language: str) -> None:
    words = TEXTS[language]
    assert list(words.pages) == list(PAGES)
    assert set(words.groups) == set(GROUPS)
    assert set(words.uses) == set(ORDER)
    assert set(words.security) == {"none", "starttls", "implicit"}
    assert set(words.errors) == set(TEXTS["en"].errors)
    assert set(words.check_failed) == {"address", "rate", "busy"}
    said = dict(parts(words))
    assert all(text and text == text.strip() and "  " not in text for text in said.values())
    door = door_texts.TEXTS[language]
    assert set(door.scopes) == set(Scope)
    assert set(door.because) == set(door.counts) == set(Offence)


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_says_what_english_says(language: str) -> None:
    """The same parts (of advice as many as it takes) with the same names to be filled in, and none
    left in English."""
    for mine, theirs in (
        (TEXTS[language], TEXTS["en"]),
        (door_texts.TEXTS[language], door_texts.TEXTS["en"]),
    ):
        own, english = dict(parts(mine)), dict(parts(theirs))
        assert own.keys() == english.keys()
        for path, text in own.items():
            assert names(text) == names(english[path]), path
            if len(text.split()) > 4:
                assert text != english[path], path
