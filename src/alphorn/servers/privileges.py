"""Giving up root once the ports are bound."""

import logging
import os
import pwd
import resource
import sys
from pathlib import Path

from alphorn.base.errors import Refused

_log = logging.getLogger(__name__)


def account_for(user: str, data: Path) -> pwd.struct_passwd | None:
    """Whom to become: the named user, or the owner of the data folder. None: nobody else.

    Raises Refused where the user does not exist.
    """
    if os.geteuid() != 0:
        return None
    try:
        found = pwd.getpwnam(user) if user else pwd.getpwuid(data.stat().st_uid)
    except KeyError as error:
        raise Refused(
            f"There is no system user {user or data.stat().st_uid}; see the setting user.",
            code="user",
        ) from error
    return found if found.pw_uid != 0 else None


def become(account: pwd.struct_passwd) -> None:
    """From now on this process has the rights of that user, and cannot go back.

    Raises Refused where he cannot read the program: parts of it are loaded later.
    """
    os.initgroups(account.pw_name, account.pw_gid)
    os.setresgid(account.pw_gid, account.pw_gid, account.pw_gid)
    os.setresuid(account.pw_uid, account.pw_uid, account.pw_uid)
    os.environ["HOME"] = account.pw_dir
    os.environ["USER"] = os.environ["LOGNAME"] = account.pw_name
    for file in (__file__, os.__file__, sys.executable):
        if not os.access(file, os.R_OK):
            raise Refused(
                f"The system user {account.pw_name} cannot read {file}; install Alphorn and its "
                "Python where everybody can, such as /opt.",
                code="user",
            )


def raise_file_limit() -> None:
    """A file handle a connection: take as many as the system lets this process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (OSError, ValueError) as error:
            _log.warning("only %d files can be open at a time: %s", soft, error)
