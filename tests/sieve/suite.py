"""The Sieve test language (.svtest): one more row of the table, and a world to run in.

`run_suite(path)` compiles a file with the row added and runs it; `Suite.verdicts` then has each
test's name and what failed in it ("" for nothing). What a test file sets up is a small mail system
of values: folders, mail that was sent, scripts to include.
"""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from alphorn.message.addresses import parse_one
from alphorn.message.answer import Reply, compose
from alphorn.message.line_ends import with_crlf
from alphorn.operations.notifying import is_automatic, new, notification
from alphorn.policy.answering import Question, judge
from alphorn.sieve.actions import (
    Action,
    Discard,
    FileInto,
    Keep,
    Message,
    Notify,
    Redirect,
    Reject,
    Vacation,
)
from alphorn.sieve.call import Call
from alphorn.sieve.compiler import compile_script
from alphorn.sieve.errors import RunError, ScriptError
from alphorn.sieve.extensions import TABLE
from alphorn.sieve.extensions.core import require
from alphorn.sieve.interpreter import finish, run_all
from alphorn.sieve.language import Language
from alphorn.sieve.limits import DEFAULT, Limits
from alphorn.sieve.mail import Mail
from alphorn.sieve.mailto import parse_mailto
from alphorn.sieve.matching import make_matcher
from alphorn.sieve.run import Run
from alphorn.sieve.script import Script
from alphorn.sieve.table import Check, Command, Extension, Kind, Positional, Step, Tag, Test

NAMES = {
    Keep: "keep",
    FileInto: "store",
    Redirect: "redirect",
    Discard: "discard",
    Reject: "reject",
    Vacation: "vacation",
    Notify: "notify",
}
LIMITS = {
    "sieve_variables_max_variable_size": "variable",
    "sieve_variables_max_value_size": "variable",
    "sieve_include_max_includes": "includes",
    "sieve_include_max_nesting_depth": "include_depth",
    "sieve_notify_max_notifications": "notifications",
}


class Failed(RunError):
    """test_fail was met."""


@dataclass
class Stored:
    raw: bytes
    flags: tuple[str, ...] = ()
    sender: str | None = None
    recipient: str | None = None


@dataclass
class Suite:
    """The environment of one file; answers what scripts ask, from what the file has set."""

    path: Path
    now: float = 1_700_000_000.0
    zone: int = 0
    limits: Limits = DEFAULT
    parts: dict[str, str] = field(default_factory=dict)
    config: dict[str, str] = field(default_factory=dict)
    folders: dict[str, list[Stored]] = field(default_factory=lambda: {"INBOX": []})
    sent: list[Stored] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    script_: Script | None = None
    scripts: list[Script] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    result: list[Action] | None = None
    executed: int = 0
    verdicts: dict[str, str] = field(default_factory=dict)
    current: Run | None = None

    def envelope(self, part: str) -> str | None:
        return self.parts.get(part)

    def item(self, name: str) -> str | None:
        return {"location": "MS", "version": "1"}.get(name)

    def mailbox_exists(self, name: str) -> bool:
        return self.folder(name) is not None

    def folder(self, name: str) -> list[Stored] | None:
        if name.upper() == "INBOX" or name.upper().startswith("INBOX."):
            name = "INBOX" + name[5:]
        return self.folders.get(name)

    def special_use_exists(self, use: str, mailbox: str | None) -> bool:
        return False

    def metadata(self, mailbox: str | None, entry: str) -> str | None:
        return None

    def list_holds(self, name: str, value: str) -> bool | None:
        return None

    def seen(self, key: str) -> bool:
        return False

    def spam(self) -> float | None:
        return self.scored("sieve_spamtest", 10)

    def virus(self) -> int | None:
        found = self.scored("sieve_virustest", 5)
        return None if found is None else int(found)

    def scored(self, name: str, most: int) -> float | None:
        """The score that the settings read out of a header field; spam from 0 to 1."""
        assert self.current is not None
        mail = self.current.mail
        value = read_header(mail, self.config.get(f"{name}_status_header", ""))
        if value is None:
            return None
        match self.config.get(f"{name}_status_type"):
            case "score":
                value_ = float(value)
            case "strlen":
                value_ = float(len(value))
            case _:
                for number in range(most + 1):
                    if self.config.get(f"{name}_text_value/{number}") == value:
                        return float(number) if most == 5 else (number - 1) / 9
                return None
        limit = self.config.get(f"{name}_score_max_value")
        if limit is None:
            limit = read_header(mail, self.config.get(f"{name}_score_max_header", ""))
        return value_ / float(limit or "1")

    def script(self, name: str, location: str) -> Script | None:
        folder = "included" if location == "personal" else "included-global"
        path = self.path.parent / folder / f"{name.removesuffix('.sieve')}.sieve"
        if not path.is_file():
            return None
        return compile_script(path.read_bytes(), self.limits, LANGUAGE)

    # -- what tests do -----------------------------------------------------------------------------

    def compile(self, name: str) -> bool:
        path = self.path.parent / name
        self.script_ = None
        if not path.is_file():
            self.errors = [f"no file {name}"]
            return False
        try:
            script = compile_script(path.read_bytes(), self.limits, LANGUAGE)
        except ScriptError as error:
            self.errors = [*(one.text for one in error.problems), "the script has mistakes"]
            return False
        self.errors = self.included(script, [])
        if self.errors:
            self.errors.append("the script has mistakes")
            return False
        self.script_ = script
        return True

    def included(self, script: Script, stack: list[tuple[str, str]]) -> list[str]:
        """What is wrong with the scripts that a script includes, one line a script on the way."""
        for location, name, optional in script.includes:
            key = (location, name.removesuffix(".sieve"))
            try:
                inner = self.script(name, location)
            except ScriptError as error:
                return [error.text]
            if key in stack or len(stack) >= self.limits.include_depth:
                return ["circular or too deep"]
            if inner is None and not optional:
                return [f"there is no script {name}"]
            if inner is not None and (found := self.included(inner, [*stack, key])):
                return [*found, f"in {name}"]
        return []

    def run(self, outer: Run, *, append: bool) -> bool:
        assert self.script_ is not None, "no script was compiled"
        limited = replace(self.script_, limits=self.limits)
        self.scripts = [*(self.scripts if append else ()), limited]
        result = run_all([("", one) for one in self.scripts], outer.mail, self)
        if result.error is not None:
            self.errors = [result.error.text]
            self.result = None
            return False
        self.errors = []
        self.result = list(result.actions)
        if not append:
            self.executed = 0
        return True

    def execute(self, outer: Run) -> bool:
        if self.result is None:
            actions = list(finish(outer).actions)
        else:
            actions = self.result[self.executed :]
            self.executed = len(self.result)
        for action in actions:
            message = getattr(action, "message", None)
            raw = message.raw if isinstance(message, Message) else outer.mail.raw
            match action:
                case Keep(flags=flags):
                    self.folders["INBOX"].append(self.stored(raw, flags))
                case FileInto(mailbox=name, flags=flags, create=create):
                    folder = self.folder(name)
                    if "//" in name:
                        self.errors = [f"failed to store into mailbox {name}: invalid name"]
                        return False
                    if folder is None and not create:
                        self.errors = [f"failed to store into mailbox {name}: does not exist"]
                        return False
                    if folder is None:
                        folder = self.folders[name] = []
                    folder.append(self.stored(raw, flags))
                case Redirect(address=address):
                    sender = self.parts.get("from", "")
                    self.sent.append(Stored(raw, (), sender, address))
                case Vacation():
                    self.answer(action, raw)
                case Notify():
                    self.notify(action, raw)
                case _:
                    pass
        return True

    def answer(self, vacation: Vacation, raw: bytes) -> None:
        """What is sent where `policy.answering` lets it; `sieve_user_email` is the owner's."""
        recipient = self.parts.get("to", "")
        sender = self.parts.get("from", "").removeprefix("<").removesuffix(">")
        own = {recipient.lower(), self.config.get("sieve_user_email", "").lower()}
        ruling = judge(
            Question(
                raw,
                sender,
                recipient,
                lambda address: address.lower() in own,
                addresses=vacation.addresses,
            )
        )
        if ruling.may:
            author = parse_one(vacation.sender or ruling.own)
            reply = Reply(
                sender,
                author,
                vacation.text,
                self.now,
                "answer@example.org",
                vacation.subject,
                vacation.mime,
            )
            self.sent.append(Stored(compose(reply, raw), (), "", sender))

    def notify(self, asked: Notify, raw: bytes) -> None:
        """One message for each who is notified, as that engine sends them."""
        if is_automatic(raw):
            return
        to = parse_mailto(asked.method)
        groups = [new(group, self.told) for group in (to.to, to.cc, to.bcc)]
        author = parse_one(asked.sender or self.parts.get("to") or "owner@example.org")
        named = (groups[0], groups[1])
        made = notification(asked, to, named, author, author.address, raw, "1@a.test", self.now)
        self.sent += [Stored(made, (), "", one.address) for group in groups for one in group]

    @staticmethod
    def stored(raw: bytes, flags: tuple[str, ...] | None) -> Stored:
        return Stored(raw, (*(flags or ()), "$HasNoAttachment"))

    def show(self, outer: Run, stored: Stored) -> None:
        outer.mail = outer.original = Mail(stored.raw)
        outer.flags = stored.flags
        if stored.recipient is not None:
            self.parts |= {"from": stored.sender or "", "to": stored.recipient}


def read_header(mail: Mail, setting: str) -> str | None:
    """`Name` or `Name: expression`, of which the first group counts."""
    name, colon, expression = setting.partition(":")
    values = mail.values(name.strip().lower())
    if not values:
        return None
    if not colon:
        return values[0]
    match = re.match(expression.strip(), values[0])
    return match[1] if match else None


def suite_of(outer: Run) -> Suite:
    assert isinstance(outer.environment, Suite)
    return outer.environment


def require_anywhere(call: Call) -> Step:
    """Some files require what a test needs within the test."""
    call.scope.began = False
    return require(call)


def test(call: Call) -> Step:
    name, block = call.text(0), call.block
    assert block is not None

    def step(outer: Run) -> None:
        suite = suite_of(outer)
        title = name.get(outer)
        verdict = ""
        try:
            block(outer)
        except RunError as error:
            verdict = error.text or "failed"
        suite.verdicts[title if title not in suite.verdicts else f"{title} (again)"] = verdict

    return step


def act(function):  # type: ignore[no-untyped-def]
    """A test whose arguments are given to `function` as strings."""

    def compile_(call: Call) -> Check:
        def check(outer: Run) -> bool:
            values = [one.get(outer) for one in call.positional if one is not None]
            return function(suite_of(outer), outer, call, *values) is not False

        return check

    return compile_


def as_command(function):  # type: ignore[no-untyped-def]
    def compile_(call: Call) -> Step:
        check = act(function)(call)

        def step(outer: Run) -> None:
            if not check(outer):
                raise Failed(f"{call.name} failed")

        return step

    return compile_


def test_fail(suite: Suite, outer: Run, call: Call, why: str) -> None:
    raise Failed(why)


def test_set(suite: Suite, outer: Run, call: Call, name: str, value: str) -> None:
    if name == "message":
        outer.mail = outer.original = Mail(
            with_crlf(value.encode("utf-8", "surrogateescape")) if value else b""
        )
        outer.flags = None
        for part, field_ in (("from", "from"), ("to", "to")):
            found = [one for each in outer.mail.addresses(field_) for one in each if one.domain]
            if found:
                suite.parts[part] = found[0].address
    else:
        suite.parts[name.removeprefix("envelope.")] = value


def test_result_reset(suite: Suite, outer: Run, call: Call) -> None:
    suite.result, suite.executed, suite.sent = None, 0, []
    suite.told.clear()
    outer.actions.clear()
    outer.keeps, outer.flags = True, None
    outer.redirects = outer.notifications = 0


def test_config_set(suite: Suite, outer: Run, call: Call, name: str, value: str) -> None:
    suite.config[name] = value
    if name in LIMITS:
        suite.limits = outer.limits = replace(outer.limits, **{LIMITS[name]: int(value)})


def test_config_unset(suite: Suite, outer: Run, call: Call, name: str) -> None:
    suite.config.pop(name, None)


def nothing(suite: Suite, outer: Run, call: Call, *values: str) -> None:
    pass


def test_mailbox_create(suite: Suite, outer: Run, call: Call, name: str) -> None:
    suite.folders.setdefault(name, [])


def test_script_compile(suite: Suite, outer: Run, call: Call, name: str) -> bool:
    return suite.compile(name)


def test_script_run(suite: Suite, outer: Run, call: Call) -> bool:
    return suite.run(outer, append=call.given("append_result"))


def test_multiscript(suite: Suite, outer: Run, call: Call, names: tuple[str, ...]) -> bool:
    return all(
        suite.compile(name) and suite.run(outer, append=number > 0)
        for number, name in enumerate(names)
    ) and suite.execute(outer)


def test_result_execute(suite: Suite, outer: Run, call: Call) -> bool:
    return suite.execute(outer)


def test_message(suite: Suite, outer: Run, call: Call, number: int) -> bool:
    folder = call.tag_text("folder")
    found = suite.sent if folder is None else suite.folder(folder.get(outer))
    if found is None or number >= len(found):
        return False
    suite.show(outer, found[number])
    return True


def message_compiler(command: bool):  # type: ignore[no-untyped-def]
    def compile_(call: Call):  # type: ignore[no-untyped-def]
        number = call.number(0)

        def check(outer: Run) -> bool:
            return test_message(suite_of(outer), outer, call, number)

        def step(outer: Run) -> None:
            if not check(outer):
                raise Failed("there is no such message")

        return step if command else check

    return compile_


def listing(values):  # type: ignore[no-untyped-def]
    """A test of a list of strings, one of it with :index."""

    def compile_(call: Call) -> Check:
        match = make_matcher(call, call.texts(0))
        number = call.tag_number("index")

        def check(outer: Run) -> bool:
            found = values(suite_of(outer), outer)
            return match(outer, found if number is None else found[number - 1 : number])

        return check

    return compile_


def errors(suite: Suite, outer: Run) -> list[str]:
    return suite.errors


def actions(suite: Suite, outer: Run) -> list[str]:
    found = outer.actions if suite.result is None else suite.result
    return [NAMES[type(one)] for one in found if not (isinstance(one, Keep) and one.implicit)]


ONE = (Positional("value"),)
TWO = (Positional("name"), Positional("value"))
BOTH = (
    ("test_script_compile", test_script_compile, ONE),
    ("test_script_run", test_script_run, ()),
    ("test_result_execute", test_result_execute, ()),
    ("test_multiscript", test_multiscript, (Positional("names", Kind.TEXTS),)),
    ("test_binary_save", nothing, ONE),
    ("test_binary_load", nothing, ONE),
)
SUITE = Extension(
    "vnd.dovecot.testsuite",
    "the Sieve test language",
    commands=(
        Command("test", test, ONE, block=True),
        Command("test_fail", as_command(test_fail), ONE),
        Command("test_set", as_command(test_set), TWO),
        Command("test_config_set", as_command(test_config_set), TWO),
        Command("test_config_unset", as_command(test_config_unset), ONE),
        Command("test_config_reload", as_command(nothing)),
        Command("test_result_reset", as_command(test_result_reset)),
        Command("test_result_print", as_command(nothing)),
        Command("test_mailbox_create", as_command(test_mailbox_create), ONE),
        Command("test_message", message_compiler(True), (Positional("n", Kind.NUMBER),)),
        *(Command(name, as_command(function), given) for name, function, given in BOTH),
    ),
    tests=(
        Test("test_message", message_compiler(False), (Positional("n", Kind.NUMBER),)),
        Test("test_error", listing(errors), (Positional("k", Kind.TEXTS),), ("match", "suite")),
        Test(
            "test_result_action",
            listing(actions),
            (Positional("k", Kind.TEXTS),),
            ("match", "suite"),
        ),
        *(Test(name, act(function), given) for name, function, given in BOTH),
    ),
    tags=(
        Tag("index", ("suite",), Kind.NUMBER),
        Tag("append_result", ("test_script_run",)),
        Tag("smtp", ("test_message",)),
        Tag("folder", ("test_message",), Kind.TEXT),
        Tag("extension", ("test_config_reload",), Kind.TEXT),
    ),
)
ANYWHERE = Extension(
    "",
    "the Sieve test language",
    commands=(Command("require", require_anywhere, (Positional("capabilities", Kind.TEXTS),)),),
)
LANGUAGE = Language((*TABLE, SUITE))
OUTER = Language((*TABLE, ANYWHERE, SUITE))
EVERYTHING = replace(DEFAULT, steps=10**7, redirects=4, actions=32, variables=255, script=1 << 22)


def run_suite(path: Path) -> Suite:
    """One file, run. A file that does not compile has the one verdict "(compiling)"."""
    suite = Suite(path)
    source = path.read_bytes()
    if not source.lstrip().startswith(b"require") and b"vnd.dovecot.testsuite" not in source:
        source = b'require "vnd.dovecot.testsuite";' + source
    source = source.replace(b"${tst.path}", str(path.parent).encode())
    source = source.replace(b"vnd.stalwart.testsuite", b"vnd.dovecot.testsuite")
    try:
        script = compile_script(source, EVERYTHING, OUTER)
    except ScriptError as error:
        suite.verdicts["(compiling)"] = error.text
        return suite
    outer = Run(Mail(b""), suite, EVERYTHING)
    outer.shared = script.shared
    suite.current = outer
    try:
        script.body(outer)
    except RunError as error:
        suite.verdicts["(running)"] = error.text
    return suite
