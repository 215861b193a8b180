"""Whatever refuses leads to a page of help; the code itself is looked through for it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import alphorn
from alphorn.base.help import PAGES
from alphorn.operations import status
from alphorn.servers.smtp import manners, rcpt
from alphorn.web.samples import sample
from alphorn.wire.smtp import replies
from alphorn.wire.smtp.replies import MAX_REPLY_LINE, Reply
from tests.web.pages import HOSTNAME, site

SOURCE = Path(alphorn.__file__).parent
ROOMS = ("policy", "operations", "servers", "wire", "app")
HELP = "https://mail.example.org/help/"


def calls() -> Iterator[tuple[str, ast.Call, str]]:
    """Each `Reply(...)` and `Decision(...)` in the code, with where it is."""
    for room in ROOMS:
        for path in sorted((SOURCE / room).rglob("*.py")):
            if "managesieve" in path.parts or "imap" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    where = f"{path.relative_to(SOURCE)}:{node.lineno}"
                    if node.func.id in ("Reply", "Decision"):
                        yield node.func.id, node, where


def argument(call: ast.Call, name: str, place: int) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[place] if len(call.args) > place else None


def constant(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def test_there_are_many() -> None:
    found = [kind for kind, _, _ in calls()]
    assert found.count("Reply") > 60
    assert found.count("Decision") > 20


def test_each_page_that_is_named_exists() -> None:
    for kind, call, where in calls():
        page = argument(call, "page", 3 if kind == "Reply" else 5)
        if isinstance(page, ast.Constant):
            assert page.value in PAGES, where
    assert set(replies.PAGES.values()) | set(status.PAGES.values()) <= set(PAGES)


def test_what_is_not_allowed_says_which_page_is_about_it() -> None:
    """5.7.1 alone says nothing."""
    checked = 0
    for kind, call, where in calls():
        code = argument(call, "status", 0 if kind == "Reply" else 2)
        if constant(code) == "5.7.1":
            checked += 1
            assert argument(call, "page", 3 if kind == "Reply" else 5) is not None, where
    assert checked > 10


def test_each_error_that_is_not_allowed_has_its_page() -> None:
    for code, said in status._STATUS.items():
        reply = Reply(said, "No", page=status.PAGES.get(code, ""))
        assert not reply.helped(HELP).text.endswith(HELP), code


@pytest.mark.parametrize("code", sorted(replies._CODES))
def test_each_status_leads_somewhere(code: str) -> None:
    reply = Reply(code, "No")
    helped = reply.helped(HELP)
    if code[0] == "2":
        assert helped is reply
    elif code == "5.7.1":
        assert helped.text == f"No; help: {HELP}"
    else:
        page = helped.text.removeprefix(f"No; help: {HELP}").removesuffix("/")
        assert page in PAGES


@pytest.mark.parametrize("page", list(PAGES))
def test_the_sample_of_a_page_is_a_reply_that_leads_to_it(page: str) -> None:
    said = sample(page, site())
    assert said.endswith(f"; help: https://{HOSTNAME}/help/{page}/")
    lines = said.split("\n")
    assert len(lines) == 1
    assert len(lines[0]) + 2 <= MAX_REPLY_LINE
    assert said[0] in "45"
    assert said.split(" ")[1][0] == said[0]


def test_samples_are_said_by_what_refuses() -> None:
    assert rcpt.NO_RELAY.text in sample("relay", site())
    assert manners.EARLY.text in sample("manners", site())
    assert sample("greylist", site()).startswith("451 4.7.1 Greylisted, please try again in ")


def test_without_pages_a_reply_stays_as_it_is() -> None:
    reply = Reply("5.1.1", "There is no mailbox x here")
    assert reply.helped("") is reply


def test_a_long_address_stays_whole() -> None:
    url = f"https://{'a' * 60}.{'b' * 60}.{'c' * 60}.example.org/help/"
    reply = Reply("5.1.1", "There is no mailbox " + "x" * 200 + " here" + " really" * 30)
    lines = reply.helped(url).encode().decode().split("\r\n")[:-1]
    assert all(len(line) + 2 <= MAX_REPLY_LINE for line in lines)
    assert any(f"{url}no-mailbox/" in line for line in lines)
