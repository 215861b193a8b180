"""A tree to functions (RFC 5228 §2.6, §3): each name looked up, each argument checked, once.

`compile_script` raises `ScriptError` with all mistakes that it finds. What it gives never changes,
can be kept for as long as one likes, and runs on any number of messages.
"""

from collections.abc import Sequence

from alphorn.sieve.call import Call, Value
from alphorn.sieve.errors import Problem, RunError, ScriptError, place
from alphorn.sieve.extensions import STANDARD
from alphorn.sieve.language import Language
from alphorn.sieve.limits import DEFAULT, Limits
from alphorn.sieve.parser import parse
from alphorn.sieve.run import Run
from alphorn.sieve.scope import Scope
from alphorn.sieve.script import Script
from alphorn.sieve.table import Check, Command, Kind, Signal, Step, Tag, Test, Tests
from alphorn.sieve.texts import compile_text, compile_texts
from alphorn.sieve.tree import Node, Number, Strings
from alphorn.sieve.tree import Tag as TagArgument

CHAIN = ("if", "elsif", "else")


def compile_script(
    source: str | bytes, limits: Limits = DEFAULT, language: Language = STANDARD
) -> Script:
    """The script that a text is. Raises `ScriptError`."""
    text = _decoded(source, limits)
    scope = Scope(text, language, limits)
    nodes = parse(text, limits, scope.problem)
    body = _Compiler(scope).block(nodes)
    if scope.found:
        raise ScriptError(scope.problems())
    return Script(
        text,
        body,
        tuple(scope.required),
        frozenset(scope.shared),
        tuple(scope.includes),
        limits,
        tuple(dict.fromkeys(scope.redirects)),
    )


def _decoded(source: str | bytes, limits: Limits) -> str:
    if isinstance(source, str):
        text = source
    else:
        try:
            text = source.decode("utf-8")
        except UnicodeDecodeError as error:
            before = source[: error.start].decode("utf-8")
            words = f"the octet {source[error.start]:02X} is no UTF-8"
            raise ScriptError((Problem(*place(before, len(before)), words),)) from error
    if len(text.encode("utf-8", "replace")) > limits.script:
        words = f"the script is larger than {limits.script} octets"
        raise ScriptError((Problem(0, 0, words),))
    return text


class _Compiler:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.language = scope.language

    # -- blocks ------------------------------------------------------------------------------------

    def block(self, nodes: Sequence[Node]) -> Step:
        steps: list[tuple[int, Step]] = []
        at = 0
        while at < len(nodes):
            node = nodes[at]
            at += 1
            if node.name not in CHAIN:
                steps.append((node.at, self.command(node)))
                continue
            chain = [node]
            while at < len(nodes) and nodes[at].name in CHAIN[1:]:
                chain.append(nodes[at])
                at += 1
            steps.append((node.at, self.chain(chain)))
        return sequence(steps)

    def chain(self, nodes: list[Node]) -> Step:
        """if, elsif …, else as one command (RFC 5228 §3.1)."""
        self.scope.began = True
        branches: list[tuple[Check | None, Step]] = []
        if nodes[0].name != "if":
            self.scope.problem(nodes[0].at, f"{nodes[0].name} without an if before it")
        closed = False
        for node in nodes:
            if closed:
                self.scope.problem(node.at, f"{node.name} after else")
            closed = closed or node.name == "else"
            check = None
            if not self._is_plain(node):
                pass
            elif node.name == "else":
                if node.tests:
                    text = "else takes no test; is “elsif” meant?"
                    self.scope.problem(node.tests[0].at, text)
            elif len(node.tests) != 1 or node.listed:
                self.scope.problem(
                    node.at, f"{node.name} takes one test; for several there are allof and anyof"
                )
            else:
                check = self.test(node.tests[0])
            if node.block is None and not node.broken:
                self.scope.problem(node.at, f"{node.name} has no block behind it")
            branches.append((check, self.block(node.block or [])))
        return _branches(branches)

    def _is_plain(self, node: Node) -> bool:
        if node.broken:
            return False
        if node.arguments:
            at = node.arguments[0].at
            self.scope.problem(at, f"{node.name} takes no arguments, only a test and a block")
        return not node.arguments

    # -- commands and tests ------------------------------------------------------------------------

    def command(self, node: Node) -> Step:
        entry = self.language.commands.get(node.name)
        if node.name != "require":
            self.scope.began = True
        if entry is None:
            return self.unknown(node)
        form, capability = entry
        if not self._enabled(node, form, capability):
            return self._failing(f"the {form.noun} needs require “{capability}”")
        inner = self._inner(node, form)
        call = self._call(node, form)
        if node.block is not None and not form.block:
            self.scope.problem(node.at, f"the {form.noun} takes no block")
            self.block(node.block)
            return _nothing
        if call is None:
            return _nothing
        call.tests = inner
        if form.block:
            if node.block is None:
                self.scope.problem(node.at, f"the {form.noun} has no block behind it")
                return _nothing
            if form.loop:
                name = call.tag_text("name")
                self.scope.loops.append((name.constant or "") if name is not None else "")
            call.block = self.block(node.block)
            if form.loop:
                self.scope.loops.pop()
        return form.compile(call)

    def unknown(self, node: Node) -> Step:
        """A name that is no command."""
        if node.block:
            self.block(node.block)
        if node.broken:
            return _nothing
        if node.name in self.language.tests:
            words = f"cannot use test '{node.name}' as a command; it belongs behind if"
        else:
            near = self.language.near(node.name, (*self.language.commands, *CHAIN))
            words = f"unknown command '{node.name}'{near}"
        return self._wrong(node.at, words)

    def test(self, node: Node) -> Check:
        entry = self.language.tests.get(node.name)
        if entry is None:
            if not node.broken:
                if node.name in self.language.commands or node.name in CHAIN:
                    words = f"cannot use command '{node.name}' as a test"
                else:
                    near = self.language.near(node.name, self.language.tests)
                    words = f"unknown test '{node.name}'{near}"
                return self._failing_test(self._wrong(node.at, words))
            return _false
        form, capability = entry
        if not self._enabled(node, form, capability):
            return self._failing_test(self._failing(f"{form.noun} needs require “{capability}”"))
        inner = self._inner(node, form)
        call = self._call(node, form)
        if call is None:
            return _false
        call.tests = inner
        return form.compile(call)

    def _enabled(self, node: Node, form: Command | Test, capability: str) -> bool:
        if self.scope.has(capability):
            return True
        if not self.scope.has("ihave"):
            words = f'the {form.noun} needs require "{capability}" at the top of the script'
            self.scope.problem(node.at, words)
        return False

    def _wrong(self, at: int, words: str) -> Step:
        """A mistake; where ihave is required, one that shows when it is met (RFC 5463 §4)."""
        if not self.scope.has("ihave"):
            self.scope.problem(at, words)
        return self._failing(words)

    @staticmethod
    def _failing(words: str) -> Step:
        def fail(run: Run) -> Signal:
            raise RunError(words)

        return fail

    @staticmethod
    def _failing_test(step: Step) -> Check:
        return lambda run: step(run) is not None

    def _inner(self, node: Node, form: Command | Test) -> list[Check]:
        """The tests within a command or test."""
        if form.tests is Tests.NONE:
            if node.tests and not node.broken:
                self._needless_test(node, form)
            return []
        if form.tests is Tests.ONE and (len(node.tests) != 1 or node.listed):
            if not node.broken:
                self.scope.problem(node.at, f"the {form.noun} takes one test")
            return []
        if form.tests is Tests.MANY and not node.listed:
            if not node.broken:
                self.scope.problem(node.at, f"the {form.noun} takes tests in parentheses")
            return []
        return [self.test(one) for one in node.tests]

    def _needless_test(self, node: Node, form: Command | Test) -> None:
        first = node.tests[0]
        if first.name in self.language.tests:
            many = "one is" if len(node.tests) == 1 else f"{len(node.tests)} are"
            words = f"the {form.noun} accepts no sub-tests, but tests are specified ({many})"
            node.broken = True
        elif first.name in self.language.tags_of(form):
            words = f"missing colon ':' before the {first.name} tag of the {form.noun}"
        elif isinstance(form, Command):
            words = f"missing semicolon after the {form.noun} before “{first.name}”"
        else:
            words = f"“{first.name}” cannot stand behind the {form.noun}"
        self.scope.problem(first.at, words)

    # -- arguments ---------------------------------------------------------------------------------

    def _call(self, node: Node, form: Command | Test) -> Call | None:
        """The arguments sorted out, None where they are wrong."""
        scope = self.scope
        before = scope.told
        known = self.language.tags_of(form)
        call = Call(node.name, form.noun, node.at, scope)
        given: list[Strings | Number] = []
        rest = list(node.arguments)
        while rest:
            argument = rest.pop(0)
            if not isinstance(argument, TagArgument):
                given.append(argument)
                continue
            name = argument.name.lower()
            entry = known.get(name)
            if entry is None:
                self._unknown_tag(argument, form, known)
                continue
            tag, capability = entry
            if not scope.has(capability):
                words = f"the tagged argument ':{name}' of the {form.noun} needs require"
                self._wrong(argument.at, f'{words} "{capability}"')
                continue
            if given:
                words = (
                    f"unexpected tagged argument ':{name}' after the positional arguments of the"
                )
                scope.problem(argument.at, f"{words} {form.noun}, before which it belongs")
                return None
            if not self._tag(call, tag, argument, rest):
                return None
        for name, tag in [(name, known[name][0]) for name in call.tags]:
            if tag.needs and not call.given(tag.needs):
                words = f"the tagged argument ':{name}' of the {form.noun} needs ':{tag.needs}'"
                scope.problem(call.places[name], words)
        if node.broken or scope.told > before:
            return None
        self._positional(call, form, given)
        return call if scope.told == before else None

    def _unknown_tag(
        self, argument: TagArgument, form: Command | Test, known: dict[str, tuple[Tag, str]]
    ) -> None:
        usable = [name for name, (_, capability) in known.items() if self.scope.has(capability)]
        words = f"unknown tagged argument ':{argument.name}' for the {form.noun}"
        near = self.language.near(argument.name, known)
        if not near and usable:
            near = f" (there are {', '.join(f':{name}' for name in sorted(usable))})"
        self._wrong(argument.at, words + (near or " (it takes none)"))

    def _tag(
        self,
        call: Call,
        tag: Tag,
        argument: TagArgument,
        rest: list[Strings | Number | TagArgument],
    ) -> bool:
        """Take a tagged argument and what belongs to it; False where that is not there."""
        scope = self.scope
        if tag.name in call.tags:
            scope.problem(argument.at, f"':{tag.name}' stands twice in the {call.noun}")
            return False
        other = call.chosen.get(tag.choice) if tag.choice else None
        if other is not None:
            words = f"':{tag.name}' and ':{other.name}' cannot both stand in the {call.noun}"
            scope.problem(argument.at, words)
            return False
        if tag.choice:
            call.chosen[tag.choice] = tag
        call.places[tag.name] = argument.at
        if tag.kind is None:
            call.tags[tag.name] = True
        else:
            operand = rest[0] if rest else None
            value = None
            if operand is not None and not isinstance(operand, TagArgument):
                value = self._value(operand, tag.kind)
            if value is None:
                words = f"':{tag.name}' in the {call.noun} must be followed by {tag.kind.value}"
                scope.problem(argument.at, f"{words}, but {_called(operand)} is found")
                return False
            rest.pop(0)
            call.tags[tag.name] = value
        return True

    def _positional(self, call: Call, form: Command | Test, given: list[Strings | Number]) -> None:
        scope = self.scope
        most = len(form.positional)
        least = most - form.optional - form.optional_last
        if not least <= len(given) <= most:
            wanted = str(most) if least == most else f"{least} to {most}"
            many = "argument" if wanted == "1" else "arguments"
            words = f"the {form.noun} requires {wanted} positional {many}"
            missing = ", ".join(one.what for one in form.positional)
            names = f" ({missing})" if missing else ""
            found = f"{len(given)} is" if len(given) == 1 else f"{len(given)} are"
            scope.problem(call.at, f"{words}{names}, but {found} specified")
            return
        absent = most - len(given) if form.optional else 0
        call.positional = [None] * absent
        for index, argument in enumerate(given, 1):
            one = form.positional[absent + index - 1]
            value = self._value(argument, one.kind)
            if value is None:
                scope.problem(
                    argument.at,
                    f"the {form.noun} expects {one.kind.value} as argument {index} ({one.what}), "
                    f"but {_called(argument)} is found",
                )
            call.positional.append(value)
        call.positional += [None] * (most - len(call.positional))

    def _value(self, argument: Strings | Number, kind: Kind) -> Value | None:
        match argument, kind:
            case Number(value), Kind.NUMBER:
                return value
            case Strings(), Kind.TEXTS:
                return compile_texts(argument, self.scope)
            case Strings(listed=False), Kind.TEXT:
                return compile_text(argument.words[0], self.scope)
            case _:
                return None


def _called(argument: Strings | Number | TagArgument | None) -> str:
    match argument:
        case Number():
            return "a number"
        case Strings(listed=True):
            return "a string list"
        case Strings():
            return "a string"
        case TagArgument():
            return f"the tag ':{argument.name}'"
        case None:
            return "nothing"


# -- what blocks become ----------------------------------------------------------------------------


def sequence(steps: Sequence[tuple[int, Step]]) -> Step:
    """Commands one after the other. An error gets the place of the command in which it came up."""
    fixed = tuple(steps)
    count = len(fixed)

    def block(run: Run) -> Signal:
        run.spend(count)
        at = 0
        try:
            for at, step in fixed:  # noqa: B007
                signal = step(run)
                if signal is not None:
                    return signal
        except RunError as error:
            if error.at < 0:
                error.at = at
            raise
        return None

    return block


def _branches(branches: list[tuple[Check | None, Step]]) -> Step:
    only, then = branches[0]
    if len(branches) == 1 and only is not None:
        test = only
        return lambda run: then(run) if test(run) else None
    fixed = tuple(branches)

    def choose(run: Run) -> Signal:
        for check, step in fixed:
            if check is None or check(run):
                return step(run)
        return None

    return choose


def _nothing(run: Run) -> Signal:
    return None


def _false(run: Run) -> bool:
    return False
