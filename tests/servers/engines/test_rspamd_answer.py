"""What Rspamd answers, and what it might: a verdict is read, anything else is none."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphorn.policy.decision import Reason
from alphorn.policy.engines import EngineVerdict
from alphorn.servers.engines import rspamd_answer
from alphorn.servers.engines.failure import EngineFailure
from alphorn.servers.engines.rspamd_answer import read_object, verdict_of

LEAST = {"score": 1, "action": "no action"}


def verdict(**said: object) -> EngineVerdict:
    return verdict_of(read_object(json.dumps({**LEAST, **said}).encode()))


def test_a_verdict() -> None:
    found = verdict(
        score=7.25,
        required_score=15,
        action="soft reject",
        messages={"smtp_message": "Try again\r\nlater"},
        symbols={
            "BAYES_SPAM": {
                "score": 5.1,
                "description": "Message probably spam, probability: ",
                "options": ["100.00%"],
            },
            "URL": {
                "score": 2,
                "description": "A link.",
                "options": ["a.test", "b.test", "c.test"],
            },
            "PLAIN": {"score": 0.1},
            "SAID": {"score": -0.5, "description": "Ends so: "},
            "NONE": {"score": "5"},
            "NEITHER": 5,
        },
    )
    assert found == EngineVerdict(
        7.25,
        15,
        "soft reject",
        (
            Reason("BAYES_SPAM", "Message probably spam, probability: 100.00%.", 5.1),
            Reason("URL", "A link (a.test, b.test).", 2),
            Reason("PLAIN", "Rspamd's rule PLAIN.", 0.1),
            Reason("SAID", "Ends so.", -0.5),
        ),
        "Try again later",
    )
    assert found.defers
    assert found.forced


@pytest.mark.parametrize(
    ("score", "required", "forced"), [(20, 15, False), (15, 15, False), (3, 15, True), (3, 0, True)]
)
def test_refusals_by_score_and_by_order(score: float, required: float, forced: bool) -> None:
    found = verdict(score=score, required_score=required, action="reject")
    assert found.refuses
    assert found.forced is forced


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"pong",
        b"[]",
        b"7",
        b"{}",
        b'{"score": 1}',
        b'{"score": "1", "action": "reject"}',
        b'{"score": true, "action": "reject"}',
        b'{"score": null, "action": "reject"}',
        b'{"score": 1, "action": 5}',
        b'{"score": NaN, "action": "reject"}',
        b'{"score": -Infinity, "action": "reject"}',
        b'{"score": 1e999, "action": "reject"}',
        b'{"score": ' + b"9" * 9999 + b', "action": "reject"}',
        b'{"score": 1, "action": "reject"',
        b"\xff\xfe\x00",
        b"[" * 200_000,
        b'{"a":' * 50_000,
    ],
)
def test_what_is_no_verdict(body: bytes) -> None:
    with pytest.raises(EngineFailure):
        verdict_of(read_object(body))


def test_it_is_bounded() -> None:
    symbols = {
        f"S{n}": {"score": 1e9, "description": "x" * 5000, "options": ["y" * 5000] * (99 - n)}
        for n in range(20)
    }
    symbols |= {f"S{n}": {"score": 1e9, "options": ["y" * 500]} for n in range(20, 2000)}
    found = verdict(symbols=symbols, action="z" * 5000, messages={"smtp_message": "\u202e" * 5000})
    assert len(found.symbols) == rspamd_answer.MAX_SYMBOLS
    assert max(len(symbol.text) for symbol in found.symbols) < 400
    assert found.symbols[0].score == rspamd_answer.MAX_SCORE
    assert len(found.action) <= 200
    assert found.text == ""


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["score", "action", "required_score", "symbols", "messages", "is_skipped"]),
        JSON | st.dictionaries(st.text(max_size=9), st.dictionaries(
            st.sampled_from(["score", "description", "options"]), JSON)),
    )
)  # fmt: skip
def test_whatever_it_says(said: dict[str, object]) -> None:
    try:
        found = verdict_of(read_object(json.dumps({**LEAST, **said}).encode()))
    except EngineFailure:
        return
    assert math.isfinite(found.score)
    assert math.isfinite(found.required)
    shown = found.action + found.text + "".join(one.code + one.text for one in found.symbols)
    assert not any(ord(char) < 32 for char in shown)
    shown.encode()
