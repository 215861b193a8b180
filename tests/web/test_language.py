"""Which language somebody is spoken to in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.web.language import preferred
from alphorn.web.texts import TEXTS


@pytest.mark.parametrize(
    ("field", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-CH,de;q=0.9,en;q=0.8", "de"),
        ("en;q=0.5, fr;q=0.9", "fr"),
        ("pt-BR,pt;q=0.9,es;q=0.3", "es"),
        ("it;q=0, en;q=0.1", "en"),
        ("zh", "en"),
        ("FR", "fr"),
        ("fr;q=nonsense,it", "it"),
        ("fr;q=2,it;q=0.1", "it"),
    ],
)
def test_what_a_browser_asks_for(field: str, language: str) -> None:
    assert preferred(field) == language


@given(st.text())
def test_whatever_it_asks_for_it_is_one_of_ours(field: str) -> None:
    assert preferred(field) in TEXTS
