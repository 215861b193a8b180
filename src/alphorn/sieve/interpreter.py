"""A script run on a message (RFC 5228 §2.10).

`run` never raises: whatever goes wrong, the message is kept (§2.10.6), and the result says what it
was and where.
"""

from alphorn.sieve.actions import Added, Deleted, Keep, Result
from alphorn.sieve.environment import Environment
from alphorn.sieve.errors import Problem, RunError, place
from alphorn.sieve.mail import Mail
from alphorn.sieve.run import Run
from alphorn.sieve.script import Script


def run(script: Script, message: bytes | Mail, environment: Environment) -> Result:
    """What `script` wants done with the message. A `Mail` can be shared by several scripts."""
    mail = message if isinstance(message, Mail) else Mail(message)
    state = Run(mail, environment, script.limits)
    state.shared = script.shared
    try:
        script.body(state)
    except RunError as error:
        return Result((Keep(implicit=True),), error=_problem(script, error))
    except RecursionError:  # pragma: no cover - nesting is bounded
        return Result((Keep(implicit=True),), error=Problem(0, 0, "the script nests too deeply"))
    return finish(state)


def finish(state: Run) -> Result:
    """The result of a run that ended well."""
    actions = tuple(state.actions)
    if state.keeps:
        actions += (Keep(state.flags, implicit=True, message=state.message),)
    edits: tuple[Added | Deleted, ...] = tuple(state.edits)
    return Result(
        actions,
        state.message,
        edits,
        tuple(state.tracked.values()),
        warnings=tuple(state.warnings),
    )


def _problem(script: Script, error: RunError) -> Problem:
    line, column = place(script.source, error.at) if error.at >= 0 else (0, 0)
    return Problem(line, column, error.text)
