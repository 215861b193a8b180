"""Kinds of arguments that several commands take: sizes, moments, files, passwords."""

import secrets
import sys
from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from alphorn.base import kinds
from alphorn.base.errors import Refused
from alphorn.base.kinds import Kind
from alphorn.base.password import make_device_password
from alphorn.base.secret import Secret
from alphorn.cli.table import Argument, Context

STANDARD_INPUT = "-"
MAX_OCTETS = 2**50
MAX_SECONDS = 10 * 366 * 86400

PASSWORD = (
    Argument(
        "--password-stdin",
        action="store_true",
        help="read the password from the first line of standard input",
    ),
    Argument("--generate-password", action="store_true", help="make a password up and print it"),
)
OCTETS = kinds.octets(0, MAX_OCTETS)
ORGANIZATION = Argument("--organization", metavar="NAME", help="only those of this organization")


def read_by(kind: Kind[int], *, none: str | None = None) -> Callable[[str], int | None]:
    """An argument's `type` from a kind of settings; the word `none` gives None."""

    def read(text: str) -> int | None:
        if none is not None and text == none:
            return None
        try:
            return kind.read(int(text) if text.isdecimal() else text)
        except ValueError as error:
            raise ArgumentTypeError(f"{text!r} {error}") from None

    return read


def expiry(context: Context, text: str | None) -> int | None:
    """When something ends, in seconds UTC: after "30 d", or with a day such as 2030-12-31.

    Raises Refused("expiry").
    """
    if text is None:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
        return int((day + timedelta(days=1)).timestamp())
    except (ValueError, OverflowError):
        pass
    try:
        return context.services.control.now() + kinds.seconds(1, MAX_SECONDS).read(text)
    except ValueError:
        raise Refused(
            f'{text!r} is neither a time such as "30 d" nor a day such as 2030-12-31.',
            code="expiry",
        ) from None


def read_file(name: str, most: int) -> bytes:
    """What stands in a file, or comes on standard input for "-"; one octet more than `most` where
    it is longer. Raises Refused("file")."""
    try:
        if name == STANDARD_INPUT:
            return sys.stdin.buffer.read(most + 1)
        with open(name, "rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise Refused(f"{name} cannot be read: {error.strerror}.", code="file") from error


def read_text(name: str, most: int) -> str:
    """The same as text in UTF-8 of at most so many characters."""
    octets = read_file(name, 4 * most)
    try:
        text = octets[: 4 * most].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(octets) <= 4 * most:
            raise Refused(f"{name} is not written in UTF-8.", code="file") from error
        text = ""
    if len(octets) > 4 * most or len(text) > most:
        raise Refused(f"{name} has more than {most} characters.", code="file")
    return text


def text_given(text: str | None, file: str | None, most: int) -> str | None:
    """What --text or --text-file says; None where neither does. Raises Refused."""
    if text is not None and file is not None:
        raise Refused("Either --text or --text-file, not both.", code="usage")
    return text if file is None else read_text(file, most)


def password(context: Context, args: Namespace) -> Secret | None:
    """As `PASSWORD` says it comes; None where neither is given. Raises Refused."""
    if args.password_stdin and args.generate_password:
        raise Refused("Either --password-stdin or --generate-password, not both.", code="usage")
    if args.password_stdin:
        return context.secret()
    if args.generate_password:
        return make_device_password(secrets.token_bytes)
    return None


def required_password(context: Context, args: Namespace) -> Secret:
    """The same where there must be one."""
    given = password(context, args)
    if given is None:
        raise Refused(
            "Say --password-stdin and pipe the password in, or --generate-password.", code="usage"
        )
    return given


def shown_once(args: Namespace, secret: Secret | None) -> dict[str, str]:
    """What a command prints of a password: only one that it made up itself."""
    return {"password": secret.reveal()} if secret and args.generate_password else {}
