"""Scripts run on a message (RFC 5228 §2.10).

`run` and `run_all` never raise: whatever goes wrong, the message is kept (§2.10.6), and the result
says what it was and where.
"""

from collections.abc import Sequence

from alphorn.sieve.actions import Added, Deleted, FileInto, Keep, Reject, Result
from alphorn.sieve.environment import Environment
from alphorn.sieve.errors import Problem, RunError, place
from alphorn.sieve.limits import DEFAULT
from alphorn.sieve.mail import Mail
from alphorn.sieve.run import Run
from alphorn.sieve.script import Script
from alphorn.sieve.table import STOP


def run(script: Script, message: bytes | Mail, environment: Environment) -> Result:
    """What `script` wants done with the message. A `Mail` can be shared by several scripts."""
    return run_all((("", script),), message, environment)


def run_all(
    scripts: Sequence[tuple[str, Script]],
    message: bytes | Mail,
    environment: Environment,
    flags: tuple[str, ...] | None = None,
) -> Result:
    """What scripts, each with the name that its lines are to bear, want done one after the other:
    actions, flags and changes of the message go on from one to the next, variables do not. `stop`
    and a refusal end them all. Of a script that fails nothing is done, and it is the last.
    `flags` are those that a message has which is stored already."""
    mail = message if isinstance(message, Mail) else Mail(message)
    state = Run(mail, environment, scripts[0][1].limits if scripts else DEFAULT)
    state.flags = flags
    for name, script in scripts:
        before = _snapshot(state)
        error = _run_one(state, name, script)
        if error is not None:
            _restore(state, before)
            state.keeps = state.keeps or not any(
                isinstance(action, Keep | FileInto) for action in state.actions
            )
            return finish(state, error, name)
        if state.stopped or any(isinstance(action, Reject) for action in state.actions):
            break
    return finish(state)


def finish(state: Run, error: Problem | None = None, failed: str = "") -> Result:
    """The result of a run that ended, well or with an error."""
    actions = tuple(state.actions)
    if state.keeps:
        actions += (Keep(state.flags, implicit=True, message=state.message),)
    edits: tuple[Added | Deleted, ...] = tuple(state.edits)
    return Result(
        actions,
        state.message,
        edits,
        tuple(state.tracked.values()),
        error,
        failed,
        warnings=tuple(state.warnings),
    )


def _run_one(state: Run, name: str, script: Script) -> Problem | None:
    """The error that ended it, if one did."""
    state.limits, state.steps = script.limits, script.limits.steps
    state.shared, state.name, state.source = script.shared, name, script.source
    state.variables, state.globals, state.matches = {}, {}, ()
    state.part, state.part_number = None, 0
    try:
        state.stopped = script.body(state) == STOP
    except RunError as error:
        line, column = place(script.source, error.at) if error.at >= 0 else (0, 0)
        return Problem(line, column, error.text)
    except RecursionError:  # pragma: no cover - nesting is bounded
        return Problem(0, 0, "the script nests too deeply")
    return None


_KEPT = ("mail", "flags", "keeps", "redirects", "notifications", "replaced", "rewritten")
_COPIED = ("actions", "edits", "tracked", "warnings", "asked", "included")


def _snapshot(state: Run) -> dict[str, object]:
    return {name: getattr(state, name) for name in _KEPT} | {
        name: getattr(state, name).copy() for name in _COPIED
    }


def _restore(state: Run, before: dict[str, object]) -> None:
    for name, value in before.items():
        setattr(state, name, value)
    state.stack.clear()
