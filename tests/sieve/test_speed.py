"""An ordinary rule set stays far below a quarter of a millisecond a message."""

import pytest
from bench.sieve import MESSAGE, RULES

from alphorn.sieve.compiler import compile_script
from alphorn.sieve.environment import Plain
from alphorn.sieve.interpreter import run
from alphorn.sieve.limits import Limits
from tests.support.cost import cost, promised

SECONDS = 0.0002


@promised
def test_an_ordinary_rule_set(slack: float) -> None:
    script = compile_script(RULES)
    world = Plain(now=1.7e9, sender="someone@example.net", recipient="anna+x@example.org")
    assert run(script, MESSAGE, world).error is None
    assert cost(lambda: run(script, MESSAGE, world), SECONDS * slack, 300) < SECONDS * slack


CROWD = b"".join(
    b"To: %b\r\n" % b", ".join(b"x%d@y.test" % one for one in range(300)) for _ in range(50)
)
KEYS = ", ".join(f'"zz{number}"' for number in range(500))


@pytest.mark.parametrize(
    "test",
    [
        'address :is "to" "zz"',
        'address :contains "to" "zz"',
        'address :domain :matches "to" "*zz"',
        'address :regex "to" "(a{1,9}|b)z"',
        f'header :contains "to" [{KEYS}]',
        f'header :matches "to" [{KEYS}]',
        'header :regex "to" "(a{1,9}|b)z"',
        f'header :value "eq" "to" [{KEYS}]',
        'header :contains "x-${1}" "zz"',
        'not exists "x-${1}"',
    ],
)
def test_what_a_sender_puts_in_by_the_thousand_is_counted(test: str) -> None:
    """Neither many values nor long ones, nor many names to look for, are had for nothing."""
    rules = "".join(f"if {test.replace('${1}', str(one))} {{ keep; }}\n" for one in range(50))
    script = compile_script(f'require ["regex", "relational"];\n{rules}', limits=Limits(steps=400))
    world = Plain()
    found = run(script, b"From: a@b.test\r\n" + CROWD + b"\r\n", world).error
    assert found is not None
    assert "steps" in found.text
    assert run(script, b"From: a@b.test\r\nTo: c@d.test\r\n\r\n", world).error is None
