"""An ordinary rule set stays far below a quarter of a millisecond a message."""

from bench.sieve import MESSAGE, RULES

from alphorn.sieve.compiler import compile_script
from alphorn.sieve.environment import Plain
from alphorn.sieve.interpreter import run
from tests.support.cost import cost, promised

SECONDS = 0.0002


@promised
def test_an_ordinary_rule_set(slack: float) -> None:
    script = compile_script(RULES)
    world = Plain(now=1.7e9, sender="someone@example.net", recipient="anna+x@example.org")
    assert run(script, MESSAGE, world).error is None
    assert cost(lambda: run(script, MESSAGE, world), SECONDS * slack, 300) < SECONDS * slack
