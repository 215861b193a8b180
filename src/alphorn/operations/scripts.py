"""The Sieve scripts that an owner writes by hand: one function for each act, for ManageSieve, the
command line and the pages alike.

Each takes the account's mail: a session has it by its login, everybody else by `owners.mail_of`,
which sees to the rights. A script is stored only where it compiles, so that what is active can be
run. Names are looked for in their one spelling (`base.script_names`).

Errors: ScriptError (`problems` with line and column), NotFound("no-such-script"),
Exists("script-exists"), Refused("name", "script-size", "too-many-scripts", "scripts-size",
"script-active"), Refused("limit") where another process took the last room, Unavailable.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from alphorn.base import script_names
from alphorn.base.errors import NotFound, Refused
from alphorn.operations import onward
from alphorn.sieve.compiler import compile_script
from alphorn.sieve.script import Script
from alphorn.store.api import Account, StoredScript
from alphorn.store.limits import MAX_SCRIPT_OCTETS, MAX_SCRIPTS, MAX_SCRIPTS_OCTETS

PERSONAL = "personal"
"""Where scripts to include are looked for (RFC 6609 §3.2); nowhere else are any."""
MAX_WARNED = 20
"""Targets of redirects that are looked at for warnings."""


@dataclass(frozen=True, slots=True)
class ScriptInfo:
    """A script without its text; `octets` in UTF-8, `changed` in seconds UTC."""

    name: str
    active: bool
    octets: int
    changed: int


def list_scripts(mail: Account) -> tuple[ScriptInfo, ...]:
    """All, sorted by name."""
    return tuple(
        ScriptInfo(one.name, one.active, _octets(one.source), one.changed) for one in mail.scripts()
    )


def get_script(mail: Account, name: str) -> StoredScript:
    """Raises NotFound."""
    wanted = script_names.normal(name)
    for one in mail.scripts():
        if one.name == wanted:
            return one
    raise NotFound(f"There is no script “{wanted}”.", code="no-such-script")


def check_script(mail: Account, source: str | bytes) -> tuple[str, ...]:
    """What is odd in a script that may be stored: sentences for people. Raises ScriptError,
    Refused("script-size")."""
    return _checked(mail.scripts(), "", source)[1]


def put_script(mail: Account, name: str, source: str | bytes) -> tuple[str, ...]:
    """Store it, in place of the one of this name, which stays as active as it was; warnings as of
    `check_script`. Raises ScriptError, Refused."""
    name = script_names.check(name)
    there = mail.scripts()
    script, warnings = _checked(there, name, source)
    _require_space(there, name, _octets(script.source))
    mail.put_script(name, script.source)
    return warnings


def have_space(mail: Account, name: str, octets: int) -> None:
    """Whether a script of this name and size could be stored now (RFC 5804 §2.5). Raises Refused
    as `put_script` would."""
    _require_space(mail.scripts(), script_names.check(name), octets)


def activate_script(mail: Account, name: str) -> None:
    """From the next message on it runs, and no other; "" for none at all. Raises NotFound."""
    mail.activate_script(script_names.normal(name))


def rename_script(mail: Account, old: str, new: str) -> None:
    """It stays as active as it was. Raises NotFound, Exists, Refused("name")."""
    mail.rename_script(script_names.normal(old), script_names.check(new))


def remove_script(mail: Account, name: str) -> None:
    """Raises NotFound, Refused("script-active")."""
    mail.remove_script(script_names.normal(name))


def _checked(
    there: Sequence[StoredScript], name: str, source: str | bytes
) -> tuple[Script, tuple[str, ...]]:
    """The script compiled, with warnings; `name` is what it will be called, "" where unknown."""
    _require_size(len(source) if isinstance(source, bytes) else _octets(source))
    script = compile_script(source)
    known = {one.name for one in there} | {name}
    missing = dict.fromkeys(
        f"The {location} script “{included}” is included but does not exist; until it does, this "
        "script fails where it includes it, and the message is kept in the inbox."
        for location, included, optional in script.includes
        if not optional and (location != PERSONAL or script_names.normal(included) not in known)
    )
    return script, (*missing, *onward.warnings(script.redirects[:MAX_WARNED]))


def _require_space(there: Sequence[StoredScript], name: str, octets: int) -> None:
    _require_size(octets)
    others = [one for one in there if one.name != name]
    if len(others) >= MAX_SCRIPTS:
        raise Refused(
            f"There are {MAX_SCRIPTS} scripts already; remove one first.", code="too-many-scripts"
        )
    if octets + sum(_octets(one.source) for one in others) > MAX_SCRIPTS_OCTETS:
        raise Refused(
            f"All scripts together have at most {MAX_SCRIPTS_OCTETS} octets; remove one first.",
            code="scripts-size",
        )


def _require_size(octets: int) -> None:
    if octets > MAX_SCRIPT_OCTETS:
        raise Refused(f"A script has at most {MAX_SCRIPT_OCTETS} octets.", code="script-size")


def _octets(source: str) -> int:
    return len(source) if source.isascii() else len(source.encode("utf-8", "replace"))
