"""`alphorn trace`, as a person and as a script call it."""

import subprocess
import sys

import pytest

from alphorn.base.trace import TraceEvent, Verdict
from tests.cli.support import Terminal
from tests.support.installation import PASSWORD

NOW = 1_700_000_000.0


@pytest.fixture
def told(alphorn: Terminal) -> Terminal:
    assert alphorn("organization", "add", "Acme").code == 0
    assert alphorn("domain", "add", "m\u00fcnchen.test", "--organization", "Acme").code == 0
    made = alphorn("address", "add", "anna@m\u00fcnchen.test", "--password-stdin", "--json",
                   typed=PASSWORD + "\n")  # fmt: skip
    assert made.code == 0
    domain = "xn--mnchen-3ya.test"
    for event in (
        TraceEvent(NOW, "T1", "receive", Verdict.INFO, "It has come in", "s@remote.test",
                   facts={"peer": "192.0.2.1", "size": 12}),
        TraceEvent(NOW + 1, "T1", "spam", Verdict.FILED, "Filed in Spam", "s@remote.test",
                   f"anna@{domain}", "one@remote.test", 1, domain, {"score": 7.5}),
        TraceEvent(NOW + 9, "T2", "rcpt", Verdict.REFUSED, "There is no such mailbox",
                   "s@remote.test", f"x@{domain}", domain=domain),
    ):  # fmt: skip
        alphorn.trace.add(event)
    return alphorn


@pytest.mark.parametrize(
    ("words", "transactions"),
    [
        ((), ["T1", "T1", "T2"]),
        (("--transaction", "T1"), ["T1", "T1"]),
        (("--message-id", "<one@remote.test>"), ["T1"]),
        (("--address", "S@Remote.test"), ["T1", "T1", "T2"]),
        (("--domain", "M\u00dcNCHEN.test"), ["T1", "T2"]),
        (("--domain", "remote.test"), []),
        (("--account", "anna@m\u00fcnchen.test"), ["T1"]),
        (("--stage", "rcpt"), ["T2"]),
        (("--verdict", "filed"), ["T1"]),
        (("--verdict", "refused", "--stage", "spam"), []),
        (("--since", "2023-11-14", "--limit", "1"), ["T2"]),
        (("--until", "2023-01-01"), []),
    ],
)
def test_list(told: Terminal, words: tuple[str, ...], transactions: list[str]) -> None:
    rows = told("trace", "list", *words, "--json").json()
    assert [row["transaction"] for row in rows] == transactions


def test_list_for_people(told: Terminal) -> None:
    done = told("trace", "list", "--limit", "3")
    assert [line.split()[0] for line in done.out.splitlines()] == ["TIME"] + 3 * ["2023-11-14"]
    assert "--limit shows more" in done.err
    assert told("trace", "list", "--stage", "none").out.strip() == "Nothing in the trace matches."
    assert told("trace", "list", "--account", "nobody@m\u00fcnchen.test").code == 1
    for words in (("--limit", "0"), ("--since", "soon"), ("--verdict", "good")):
        assert told("trace", "list", *words).code == 2


def test_a_story_has_each_stage_with_its_facts(told: Terminal) -> None:
    for message in ("T1", "<one@remote.test>"):
        done = told("trace", "show", message)
        assert done.code == 0
        for words in ("It has come in", "peer 192.0.2.1", "filed", "Filed in Spam", "score 7.5"):
            assert words in done.out
    assert [row["stage"] for row in told("trace", "show", "T1", "--json").json()] == [
        "receive",
        "spam",
    ]
    done = told("trace", "show", "T9")
    assert (done.code, "knows nothing of T9" in done.err) == (1, True)


def test_looking_needs_no_orm() -> None:
    """Which would cost 30 MB and a quarter of a second, on a machine where something is wrong."""
    code = "import sys, alphorn.cli.trace, alphorn.app.services; print('django' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
