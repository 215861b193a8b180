"""`alphorn spam …` over real parts, parsed and run as the program does it."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from alphorn.base.settings import Settings
from alphorn.cli import spam as module
from alphorn.cli.main import run
from alphorn.cli.table import Command, Context, Section
from alphorn.message import spam_field
from alphorn.message.spam_field import SpamReason
from tests.support.mailhouse import ANNA
from tests.support.school import School, message, proven

SECTIONS = [Section("spam", "what is learned", lambda: module.COMMANDS)]


class Operator:
    def __init__(self, school: School) -> None:
        self.school = school

    def __call__(self, *words: str) -> tuple[int, str]:
        """Run `alphorn spam WORDS`: its exit code and what it printed."""
        out = io.StringIO()

        def open_context(data: Path, command: Command) -> Context:
            school = self.school
            services = SimpleNamespace(
                store=school.house.store,
                view=school.house.view,
                learning=school.learning,
                reports=school.reports,
                close=lambda: None,
            )
            return Context(
                data,
                lambda _: Settings.of({}),
                lambda _, __: services,  # type: ignore[arg-type, return-value]
                out,
                out,
            )

        try:
            code = run(SECTIONS, open_context, ("spam", *words))
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        return code, out.getvalue()

    def json(self, *words: str) -> Any:
        code, printed = self(*words, "--json")
        assert code == 0, printed
        return json.loads(printed)


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    school = School(tmp_path)
    yield Operator(school)
    school.close()


def lay_scored(operator: Operator) -> None:
    field = spam_field.render(
        7.25, 5, "spam", [SpamReason("spf-fail", "The server is \u202enot theirs.", 2.5)], "social"
    )
    operator.school.lay(field + message(1), message(2))


def test_why(operator: Operator) -> None:
    lay_scored(operator)
    code, printed = operator("why", ANNA, "1")
    assert code == 0
    assert "Score 7.25 of 5: spam, category social" in printed
    assert "+2.5   spf-fail  The server is " in printed
    assert "\u202e" not in printed
    assert operator("why", ANNA, "2") == (0, "It was not scored when it came.\n")
    assert operator.json("why", ANNA, "1") == {
        "score": 7.25,
        "threshold": 5.0,
        "verdict": "spam",
        "category": "social",
        "reasons": [{"code": "spf-fail", "score": 2.5, "text": "The server is  not theirs."}],
        "learned_as_spam": None,
    }


def test_why_tells_what_was_learned(operator: Operator) -> None:
    lay_scored(operator)
    school = operator.school
    from tests.support.school import EVERY

    school.learning.learn(school.house.anna.id, school.box(), EVERY, True)
    assert "It is learned as spam.\n" in operator("why", ANNA, "2")[1]
    assert operator.json("why", ANNA, "2") == {"score": None, "learned_as_spam": True}


def test_what_is_not_there(operator: Operator, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        ("why", "nobody@example.test", "1"),
        ("why", ANNA, "1"),
        ("why", ANNA, "1", "--mailbox", "Nowhere"),
        ("report", ANNA, "5"),
        ("restore", ANNA, "5"),
        ("forgive", "evil.test"),
        ("learn", "--spam", "/nowhere/at/all"),
        ("learn", "/tmp"),
        ("learn", "--spam", "--ham", "/tmp"),
    ):
        assert operator(*words)[0] == 1, words
        assert capsys.readouterr().err.startswith("alphorn: "), words
    for words in (("why", ANNA, "0"), ("why", ANNA, "x"), ("reported", "--limit", "0"), ("learn",)):
        assert operator(*words)[0] == 2, words


def test_learn_and_status(operator: Operator, tmp_path: Path) -> None:
    folder = tmp_path / "training"
    folder.mkdir()
    for n in range(5):
        (folder / f"{n}.eml").write_bytes(message(n, text=f"Some words about number {n}"))
    assert operator("learn", "--spam", str(folder)) == (0, "5 messages are learned as spam.\n")
    assert operator("learn", "--spam", str(folder / "1.eml")) == (
        0,
        "0 messages are learned as spam; 1 were known as that already.\n",
    )
    assert operator.json("learn", "--ham", str(folder / "0.eml"), "--account", ANNA) == {
        "learned": 1,
        "known": 0,
    }
    assert operator.json("status") == {
        "spam": 5, "ham": 0, "waiting": 0, "votes": 0, "teachers": 0,
    }  # fmt: skip
    status = operator.json("status", "--account", ANNA)
    assert (status["account"], status["spam"], status["ham"]) == (ANNA, 0, 1)
    assert status["tokens"] > 5
    code, printed = operator("status", "--account", ANNA)
    assert code == 0
    assert "Known correspondents:" in printed


def test_reporting_and_taking_it_back(operator: Operator) -> None:
    text = "Log in at http://login.evil.test/now"
    operator.school.lay(message(1, text=text, fields=proven("other.test"), subject="Bank"))
    assert operator("quarantine", ANNA) == (0, "Nothing is in the quarantine.\n")
    assert operator("reported") == (0, "Nothing is reported.\n")
    code, printed = operator("report", ANNA, "1")
    assert code == 0
    assert "Reported and put into quarantine: Bank" in printed
    assert "login.evil.test counts against later mail now" in printed
    (held,) = operator.json("quarantine", ANNA)
    assert (held["uid"], held["subject"]) == (1, "Bank")
    rows = {row["name"]: row for row in operator.json("reported")}
    assert set(rows) == {"carl@other.test", "other.test", "login.evil.test"}
    assert rows["other.test"]["kind"] == "sender"
    assert rows["login.evil.test"]["weight"] == 1
    assert operator("forgive", "Other.test")[0] == 0
    assert "other.test" not in {row["name"] for row in operator.json("reported")}
    assert operator("restore", ANNA, "1")[0] == 0
    assert operator.json("reported") == []
    assert operator.json("quarantine", ANNA) == []
    assert operator.school.mail().mailbox("INBOX").messages == 1
    again = operator.json("report", ANNA, "2")
    assert again == {"subject": "Bank", "against": [], "operator_told": False}
