"""What a script may cost. Each limit has a default that honest scripts do not meet."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes are in octets of UTF-8, periods in seconds.

    A script over a limit of its text is refused; one that meets a limit of its run fails, and the
    message is kept. A variable is cut instead (RFC 5229 §6).
    """

    script: int = 256 * 1024
    nesting: int = 32
    """Blocks within blocks, and tests within tests."""
    arguments: int = 32
    """Arguments of one command or test."""
    problems: int = 50
    """Mistakes that are told at once."""
    steps: int = 10_000
    """Commands run on one message; work on long texts counts too."""
    actions: int = 32
    redirects: int = 4
    notifications: int = 10
    variables: int = 255
    variable_name: int = 64
    variable: int = 32 * 1024
    text: int = 256 * 1024
    """A string after its variables are in it."""
    match_values: int = 32
    """The highest of the variables ${1}, ${2}, …"""
    includes: int = 255
    include_depth: int = 10
    edits: int = 100
    """Header fields added or deleted."""
    header: int = 64 * 1024
    """Octets that edits may add to a header."""
    message: int = 64 * 1024 * 1024
    """Of all that `replace` and `enclose` write."""
    regex: int = 500
    """Places in an expression, its repetitions written out."""
    regex_work: int = 50_000
    """Steps of one match of an expression."""
    vacation_shortest: int = 60
    """For :seconds; :days is at least one."""
    vacation_longest: int = 365 * 86400
    duplicate_longest: int = 30 * 86400


DEFAULT = Limits()
