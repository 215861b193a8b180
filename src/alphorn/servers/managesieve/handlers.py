"""The table of commands: who does each. What touches the store runs in a thread.

The names are those of the grammar's table (`wire.managesieve.grammar`); a test holds the two
together.
"""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from alphorn.operations import scripts
from alphorn.servers.managesieve import login
from alphorn.servers.managesieve.session import ManageSieveSession
from alphorn.wire.managesieve import codes, commands, render

Run = Callable[[ManageSieveSession, Any], bytes | Coroutine[Any, Any, bytes]]
"""Takes the session and the command; the whole answer, at once or from a coroutine. Raises `No` or
what the operations raise."""


def capability(session: ManageSieveSession, command: commands.Capability) -> bytes:
    return session.capabilities() + render.ok("This is what can be had")


def noop(session: ManageSieveSession, command: commands.Noop) -> bytes:
    return render.ok("Done", b"" if command.tag is None else codes.tag(command.tag))


def logout(session: ManageSieveSession, command: commands.Logout) -> bytes:
    session.hang_up(render.ok("Until next time"))
    return b""


def starttls(session: ManageSieveSession, command: commands.StartTls) -> bytes:
    """The answer leaves in plaintext; whatever the client sent behind the command is forgotten."""
    session.start_tls(render.ok("Begin TLS now"))
    return b""


async def have_space(session: ManageSieveSession, command: commands.HaveSpace) -> bytes:
    await session.work(scripts.have_space, command.name, command.octets)
    return render.ok("There is room for it")


async def put_script(session: ManageSieveSession, command: commands.PutScript) -> bytes:
    warnings = await session.long_work(scripts.put_script, command.name, command.source)
    return _accepted("Stored", warnings)


async def check_script(session: ManageSieveSession, command: commands.CheckScript) -> bytes:
    warnings = await session.long_work(scripts.check_script, command.source)
    return _accepted("There is nothing wrong with it", warnings)


async def list_scripts(session: ManageSieveSession, command: commands.ListScripts) -> bytes:
    found = await session.work(scripts.list_scripts)
    return render.scripts((one.name, one.active) for one in found) + render.ok("That is all")


async def set_active(session: ManageSieveSession, command: commands.SetActive) -> bytes:
    await session.work(scripts.activate_script, command.name)
    return render.ok("It runs from the next message on" if command.name else "No script runs now")


async def get_script(session: ManageSieveSession, command: commands.GetScript) -> bytes:
    found = await session.work(scripts.get_script, command.name)
    return render.script(found.source) + render.ok("That is all")


async def delete_script(session: ManageSieveSession, command: commands.DeleteScript) -> bytes:
    await session.work(scripts.remove_script, command.name)
    return render.ok("Removed")


async def rename_script(session: ManageSieveSession, command: commands.RenameScript) -> bytes:
    await session.work(scripts.rename_script, command.name, command.new_name)
    return render.ok("Renamed")


def _accepted(text: str, warnings: tuple[str, ...]) -> bytes:
    if warnings:
        return render.ok("\n".join(warnings), codes.WARNINGS)
    return render.ok(text)


HANDLERS: Mapping[str, Run] = {
    "AUTHENTICATE": login.authenticate,
    "STARTTLS": starttls,
    "LOGOUT": logout,
    "CAPABILITY": capability,
    "HAVESPACE": have_space,
    "PUTSCRIPT": put_script,
    "LISTSCRIPTS": list_scripts,
    "SETACTIVE": set_active,
    "GETSCRIPT": get_script,
    "DELETESCRIPT": delete_script,
    "RENAMESCRIPT": rename_script,
    "CHECKSCRIPT": check_script,
    "NOOP": noop,
    "UNAUTHENTICATE": login.unauthenticate,
}
