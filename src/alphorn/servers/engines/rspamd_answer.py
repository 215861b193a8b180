"""Reading what Rspamd answers: JSON, read with suspicion.

What is missing or of another type than it should be counts as not said, but a verdict without a
score and an action is none. What cannot be read raises EngineFailure.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from alphorn.policy.decision import Reason
from alphorn.policy.engines import EngineVerdict, name_of, plain
from alphorn.servers.engines.failure import EngineFailure

MAX_SYMBOLS = 300
MAX_OPTIONS = 2
MAX_OPTION = 60
MAX_SCORE = 10_000.0

ACTIONS = frozenset(
    ("no action", "greylist", "add header", "rewrite subject", "soft reject", "reject")
)


def read_object(body: bytes) -> Mapping[str, Any]:
    """A JSON object; its numbers are floats."""
    try:
        # Depth costs the parser's stack, which is checked; numbers may be of any size.
        found = json.loads(body, parse_constant=_no_number, parse_int=float)
    except (ValueError, RecursionError) as error:
        raise EngineFailure("Rspamd answers something else than JSON.") from error
    if not isinstance(found, dict):
        raise EngineFailure("Rspamd answers something else than a JSON object.")
    return found


def verdict_of(said: Mapping[str, Any]) -> EngineVerdict:
    """The answer to /checkv2."""
    score, action = _number(said.get("score")), said.get("action")
    if score is None or not isinstance(action, str):
        raise EngineFailure("Rspamd gives no verdict.")
    messages = said.get("messages")
    text = messages.get("smtp_message") if isinstance(messages, dict) else None
    symbols = said.get("symbols")
    return EngineVerdict(
        score=score,
        required=max(0.0, _number(said.get("required_score")) or 0.0),
        action=action if action in ACTIONS else plain(action),
        symbols=tuple(_symbols(symbols)) if isinstance(symbols, dict) else (),
        text=plain(text) if isinstance(text, str) else "",
    )


def _symbols(found: Mapping[str, Any]) -> Iterator[Reason]:
    for key in list(found)[:MAX_SYMBOLS]:
        symbol, name = found[key], name_of(key)
        score = _number(symbol.get("score")) if isinstance(symbol, dict) else None
        if name and score is not None:
            yield Reason(name, _sentence(name, symbol), score)


def _sentence(name: str, symbol: Mapping[str, Any]) -> str:
    """What the symbol says of itself, with its first findings; of one that says nothing its name.

    "Message probably spam, probability: " with ["99.9%"] becomes "Message probably spam,
    probability: 99.9%."
    """
    description, options = symbol.get("description"), symbol.get("options")
    text = plain(description).rstrip(" .") if isinstance(description, str) else ""
    text = text or f"Rspamd's rule {name}"
    shown = [
        plain(option, MAX_OPTION)
        for option in (options[:MAX_OPTIONS] if isinstance(options, list) else ())
        if isinstance(option, str)
    ]
    if not shown:
        return f"{text.rstrip(' :')}."
    listed = ", ".join(shown)
    return f"{text} {listed}." if text.endswith(":") else f"{text} ({listed})."


def _number(value: object) -> float | None:
    """A score: finite, and within what makes sense."""
    if not isinstance(value, float) or not math.isfinite(value):
        return None
    return max(-MAX_SCORE, min(MAX_SCORE, value))


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")
