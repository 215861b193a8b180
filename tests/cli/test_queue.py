"""`alphorn queue …` over a real queue, parsed and run as the program does it."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from alphorn.base.settings import Settings
from alphorn.cli import queue as module
from alphorn.cli.main import run
from alphorn.cli.table import Command, Context, Section
from alphorn.queue.claims import claim, renew
from alphorn.queue.queue import Queue
from alphorn.queue.settling import Settled, settle
from alphorn.queue.values import Outcome, Reply, Result
from tests.queue.helpers import MESSAGE, NOW, envelope, make_queue, origin

SECTIONS = [Section("queue", "mail that waits to leave", lambda: module.COMMANDS)]


class Operator:
    def __init__(self, queue: Queue) -> None:
        self.queue = queue

    def __call__(self, *words: str, typed: str = "") -> tuple[int, str]:
        """Run `alphorn queue WORDS`: its exit code and what it printed."""
        out = io.StringIO()

        def open_context(data: Path, command: Command) -> Context:
            services = SimpleNamespace(queue=self.queue, close=lambda: None)
            return Context(
                data,
                lambda _: Settings.of({}),
                lambda _, __: services,  # type: ignore[arg-type, return-value]
                out,
                out,
                io.StringIO(typed),
            )

        try:
            code = run(SECTIONS, open_context, ("queue", *words))
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        return code, out.getvalue()

    def json(self, *words: str) -> Any:
        code, printed = self(*words, "--json")
        assert code == 0, printed
        return json.loads(printed)


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    queue = make_queue(tmp_path)
    yield Operator(queue)
    queue.close()


@pytest.fixture
def name(operator: Operator) -> str:
    """A message whose first recipient was tried once."""
    queue = operator.queue
    name = queue.enqueue(
        MESSAGE, envelope("bert@x.test", "cora@y.test", "dora@z.test"), origin=origin()
    )
    renew(queue.database, "r", 0)
    (entry,) = claim(queue.database, "r", NOW, 1)
    reply = Reply(450, "4.2.2", "over quota", "mx.x.test")
    outcome = Outcome(entry.recipients[0], Result.DEFERRED, reply)
    settle(queue.database, "r", entry, [Settled(outcome, NOW - 1)], NOW)
    return name


def test_an_empty_queue_is_said_to_be_empty(operator: Operator) -> None:
    assert operator("list") == (0, "The queue is empty.\n")
    assert operator.json("list") == []


def test_messages_are_listed_with_why_they_wait(operator: Operator, name: str) -> None:
    code, printed = operator("list")
    assert code == 0
    assert name in printed
    assert "bert@x.test, cora@y.test and 1 more" in printed
    assert "mx.x.test says that the mailbox is full" in printed
    assert "2023-11-14 22:13:19" in printed
    (row,) = operator.json("list")
    assert row["sender"] == "anna@example.test"
    assert row["queued_at"] == NOW
    assert [recipient["attempts"] for recipient in row["recipients"]] == [1, 0, 0]
    assert row["recipients"][0]["problem"] == "mailbox_full"
    assert operator.json("list", "--address", "y.test") == [row]
    assert operator.json("list", "--address", "nobody@y.test") == []
    assert operator.json("list", "--held") == []


def test_a_list_is_cut_and_says_so(operator: Operator, name: str) -> None:
    operator.queue.enqueue(MESSAGE, envelope("eva@x.test"), origin=origin())
    code, printed = operator("list", "--limit", "1")
    assert code == 0
    assert "Only 1 messages are shown" in printed
    assert operator("list", "--limit", "0")[0] == 2


def test_one_message_is_shown_with_its_recipients(operator: Operator, name: str) -> None:
    code, printed = operator("show", name)
    assert code == 0
    assert "<1@example.test>" in printed
    assert "alphorn trace show t1" in printed
    for address in ("bert@x.test", "cora@y.test", "dora@z.test"):
        assert address in printed
    shown = operator.json("show", name)
    assert shown["recipients"][0]["reply"] == "over quota"
    assert shown["recipients"][0]["status"] == "4.2.2"


@pytest.mark.parametrize("verb", ["show", "retry", "hold", "release", "remove"])
def test_what_is_not_in_the_queue(operator: Operator, verb: str, name: str) -> None:
    code, _ = operator(verb, "nothing", *(["--yes"] if verb == "remove" else []))
    assert code == 1


@pytest.mark.parametrize("verb", ["retry", "hold", "release", "remove"])
@pytest.mark.parametrize("words", [(), ("a", "--all"), ("--address", "x", "--all")])
def test_one_must_say_which(operator: Operator, verb: str, words: tuple[str, ...]) -> None:
    assert operator(verb, *words)[0] == 1


def test_holding_releasing_and_trying_now(operator: Operator, name: str) -> None:
    assert operator("hold", name) == (0, "3 recipients are held.\n")
    assert operator.json("list", "--held")[0]["state"] == "held"
    assert operator.json("retry", "--all") == {"recipients": 0}
    assert operator.json("release", "--address", "x.test") == {"recipients": 3}
    assert operator("retry", name.upper()) == (0, "3 recipients are to be tried now.\n")


def test_what_is_being_tried_is_said_to_be(operator: Operator, name: str) -> None:
    claim(operator.queue.database, "r", NOW, 1)
    assert operator.json("show", name)["state"] == "being tried"


def test_removing_asks_first(operator: Operator, name: str) -> None:
    code, printed = operator("remove", name, typed="no\n")
    assert code == 1
    assert "nobody is told" in printed
    assert operator.json("list")
    assert operator("remove", name, typed=f"{name}\n")[0] == 0
    assert operator.json("list") == []
    assert operator("remove", "--all") == (0, "0 recipients are removed.\n")


def test_scripts_are_not_asked(operator: Operator, name: str) -> None:
    assert operator.json("remove", "--address", "anna@example.test", "--yes") == {"recipients": 3}
