"""The states of a connection (RFC 9051 §3) and the errors that end a command before it began."""

from enum import IntFlag


class State(IntFlag):
    """A connection is in one of these; a command's row says in which of them it may come."""

    NOT_AUTHENTICATED = 1
    AUTHENTICATED = 2
    SELECTED = 4
    LOGOUT = 8


ANY = State.NOT_AUTHENTICATED | State.AUTHENTICATED | State.SELECTED
LOGGED_IN = State.AUTHENTICATED | State.SELECTED
