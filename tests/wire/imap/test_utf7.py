"""Modified UTF-7 (RFC 3501 §5.1.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.wire.imap import utf7

KNOWN = {
    "INBOX": "INBOX",
    "": "",
    "&": "&-",
    "a&b&c": "a&-b&-c",
    "Entwürfe": "Entw&APw-rfe",
    "~peter/mail/台北/日本語": "~peter/mail/&U,BTFw-/&ZeVnLIqe-",
    "📮": "&2D3c7g-",
    "ä&ö": "&AOQ-&-&APY-",
    "tab\there": "tab&AAk-here",
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_names(name: str) -> None:
    assert utf7.encode(name) == KNOWN[name]
    assert utf7.decode(KNOWN[name]) == name


@pytest.mark.parametrize(
    "text",
    [
        "&",  # never ended
        "&AOQ",
        "a&b",
        "&AGE-",  # what needs no encoding
        "&AGEA5A-",
        "&AOQ-&APY-",  # two shifts where one would do
        "&AOR-",  # bits left over
        "&A-",  # not even a unit
        "&AOQA-",
        "&2D0-",  # half a surrogate pair
        "&AOQ=-",
        "&AO/-",  # '/' is written ','
        "&ACY-",  # '&' is written '&-'
        "ä",
        "\n",
    ],
)
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        utf7.decode(text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_name_comes_back(name: str) -> None:
    coded = utf7.encode(name)
    assert utf7.decode(coded) == name
    assert all(" " <= char <= "~" for char in coded)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_the_standard_codec_agrees(name: str) -> None:
    """UTF-7 proper, rewritten: `+` shifts there and `,` is `/`."""
    for part in name.split("&"):
        plain = "".join(
            "+" + run.replace(",", "/") if at % 2 else run.replace("+", "+-")
            for at, run in enumerate(_runs(utf7.encode(part)))
        )
        assert plain.encode("ascii").decode("utf-7") == part


def _runs(coded: str) -> list[str]:
    """Text outside of shifts and shifts (with their `-`) in turn."""
    found = []
    while "&" in coded:
        outside, _, coded = coded.partition("&")
        shift, _, coded = coded.partition("-")
        found += [outside, shift + "-"]
    return [*found, coded]


@given(st.text("&-,+AOQ2D3/=a ", max_size=12))
def test_one_spelling_only(text: str) -> None:
    try:
        name = utf7.decode(text)
    except ValueError:
        return
    assert utf7.encode(name) == text
