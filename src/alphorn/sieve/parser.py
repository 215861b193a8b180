"""Tokens to a tree (RFC 5228 §8.2). Goes on after a mistake, so that several are told at once.

Nothing raises. A node in which something is wrong is `broken`; nesting and the number of arguments
are bounded, so that recursion is.
"""

from alphorn.sieve.lexer import Kind, Report, Token, tokens
from alphorn.sieve.limits import Limits
from alphorn.sieve.tree import Node, Number, Strings, Tag, Word


def parse(source: str, limits: Limits, report: Report) -> list[Node]:
    """The commands of a script, in order."""
    return _Parser(tokens(source, report), limits, report).script()


class _Parser:
    def __init__(self, found: list[Token], limits: Limits, report: Report) -> None:
        self.tokens = found
        self.limits = limits
        self.report = report
        self.index = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        token = self.tokens[self.index]
        if token.kind is not Kind.END:
            self.index += 1
        return token

    def is_sign(self, signs: str) -> bool:
        token = self.tokens[self.index]
        return token.kind is Kind.SIGN and token.text in signs

    def script(self) -> list[Node]:
        found = self.commands(0)
        while self.token.kind is not Kind.END:  # a “}” too many
            self.report(self.take().at, "this “}” closes no block")
            found += self.commands(0)
        return found

    def commands(self, depth: int) -> list[Node]:
        """Commands up to a “}” or the end."""
        found: list[Node] = []
        while self.token.kind is not Kind.END and not self.is_sign("}"):
            if self.token.kind is Kind.NAME:
                found.append(self.command(depth))
                continue
            token = self.take()
            if token.kind is not Kind.GARBAGE:
                self.report(token.at, f"a command was expected here, but {_named(token)} stands")
            self.skip()
        return found

    def command(self, depth: int) -> Node:
        token = self.take()
        node = Node(token.text.lower(), token.at)
        self.arguments(node, 0)
        if node.broken:
            self.skip()
        elif self.is_sign(";"):
            self.take()
        elif self.is_sign("{"):
            self.block(node, depth)
        elif self.token.kind is Kind.NAME and node.tests:
            # The tests are what stands on the next line: its own semicolon closes both.
            self.wrong(node, f"missing semicolon or block after the {_last(node)} here")
            self.skip()
        elif self.token.kind is Kind.END or self.is_sign("}"):
            self.wrong(node, f"missing semicolon after the {node.name} command", node.at)
        else:
            self.wrong(
                node,
                f"a semicolon or a block was expected after the {node.name} command, but "
                f"{_named(self.token)} stands here",
            )
            self.skip()
        return node

    def block(self, node: Node, depth: int) -> None:
        opened = self.take()
        if depth + 1 >= self.limits.nesting:
            self.report(opened.at, f"more than {self.limits.nesting} blocks within one another")
            node.broken = True
            self.skip_block()
            node.block = []
            return
        node.block = self.commands(depth + 1)
        if self.is_sign("}"):
            self.take()
        elif self.tokens[self.index - 1].kind is not Kind.GARBAGE:
            self.report(opened.at, "the block that begins here has no “}” at its end")

    def arguments(self, node: Node, depth: int) -> None:
        """Arguments, then a test or a list of tests (RFC 5228 §2.6)."""
        arguments = node.arguments
        while True:
            token = self.token
            if token.kind is Kind.TAG:
                arguments.append(Tag(token.text, token.at))
            elif token.kind is Kind.NUMBER:
                arguments.append(Number(token.number, token.at))
            elif token.kind is Kind.STRING:
                arguments.append(Strings((Word(token.text, token.at),), token.at))
            elif self.is_sign("["):
                self.strings(node)
                if node.broken:
                    return
                continue
            else:
                break
            self.take()
        if len(arguments) > self.limits.arguments:
            self.wrong(node, f"more than {self.limits.arguments} arguments of {node.name}", node.at)
        if self.token.kind is Kind.NAME:
            self.test(node, depth)
        elif self.is_sign("("):
            self.tests(node, depth)
        elif self.token.kind is Kind.GARBAGE:
            node.broken = True

    def strings(self, node: Node) -> None:
        at = self.take().at
        words: list[Word] = []
        while self.token.kind is Kind.STRING:
            token = self.take()
            words.append(Word(token.text, token.at))
            if self.is_sign(","):
                self.take()
                continue
            break
        if words and self.is_sign("]") and self.tokens[self.index - 1].kind is Kind.STRING:
            self.take()
            node.arguments.append(Strings(tuple(words), at, listed=True))
        elif self.is_sign("]") and not words:
            self.wrong(node, "a list has at least one string in it")
        else:
            self.wrong(node, f"a string or “]” was expected here, but {_named(self.token)} stands")

    def test(self, node: Node, depth: int) -> None:
        if depth + 1 >= self.limits.nesting:
            self.wrong(node, f"more than {self.limits.nesting} tests within one another")
            return
        token = self.take()
        test = Node(token.text.lower(), token.at)
        self.arguments(test, depth + 1)
        node.tests.append(test)
        if test.broken:
            node.broken = True

    def tests(self, node: Node, depth: int) -> None:
        opened = self.take()
        node.listed = True
        while True:
            if self.token.kind is not Kind.NAME:
                self.wrong(node, f"a test was expected here, but {_named(self.token)} stands")
                if self.is_sign(")"):
                    self.take()
                    node.broken = False
                return
            self.test(node, depth)
            if node.broken:
                return
            if self.is_sign(","):
                self.take()
            elif self.is_sign(")"):
                self.take()
                return
            else:
                self.wrong(node, "the list of tests that begins here has no “)”", opened.at)
                return

    def wrong(self, node: Node, text: str, at: int | None = None) -> None:
        if not node.broken:
            self.report(self.token.at if at is None else at, text)
        node.broken = True

    def skip(self) -> None:
        """To the end of the command: behind its “;” or block, or before a “}”."""
        while self.token.kind is not Kind.END and not self.is_sign("}"):
            if self.is_sign("{"):
                self.take()
                self.skip_block()
                return
            if self.take().text == ";" and self.tokens[self.index - 1].kind is Kind.SIGN:
                return

    def skip_block(self) -> None:
        """Behind the “}” of a block whose “{” is taken."""
        depth = 1
        while depth and self.token.kind is not Kind.END:
            if self.is_sign("{"):
                depth += 1
            elif self.is_sign("}"):
                depth -= 1
            self.take()


def _named(token: Token) -> str:
    if token.kind in (Kind.NAME, Kind.SIGN):
        return f"“{token.text[:40]}”"
    return str(token.kind.value)


def _last(node: Node) -> str:
    while node.tests:
        node = node.tests[-1]
    return node.name
