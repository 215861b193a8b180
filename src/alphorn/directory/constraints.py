"""Rules that the database itself keeps, written once for SQLite and PostgreSQL.

They stand behind the checks of `operations`, which give the better errors; a row that breaks one
cannot exist, whoever writes it.
"""

from collections.abc import Iterable
from typing import Any

from django.db.models import CharField, CheckConstraint, F, Func, Q, UniqueConstraint, Value
from django.db.models.functions import Length, Lower
from django.db.models.lookups import Exact, GreaterThanOrEqual, LessThanOrEqual

from alphorn.base.address import LOCAL_CHARACTERS, MAX_DOMAIN, MAX_LABEL, MAX_LOCAL
from alphorn.base.scram import KEY_OCTETS, SALT_OCTETS

_DOMAIN_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-."


def only(column: str, characters: str) -> Q:
    """The text has no other character: trimming these from its left leaves nothing.

    The characters are all in lower case, so this forbids capitals too.
    """
    rest = Func(F(column), Value(characters), function="LTRIM", output_field=CharField())
    return Q(Exact(rest, Value("")))


def length(column: str, least: int, most: int) -> Q:
    return Q(GreaterThanOrEqual(Length(column), least)) & Q(LessThanOrEqual(Length(column), most))


def address_rules(column: str) -> Q:
    """What `base.address.check_local` allows."""
    return (
        length(column, 1, MAX_LOCAL)
        & only(column, LOCAL_CHARACTERS)
        & ~Q(**{f"{column}__startswith": "."})
        & ~Q(**{f"{column}__startswith": "-"})
        & ~Q(**{f"{column}__endswith": "."})
        & ~Q(**{f"{column}__endswith": "-"})
        & ~Q(**{f"{column}__contains": ".."})
    )


def domain_rules(column: str) -> Q:
    return (
        length(column, 3, MAX_DOMAIN)
        & only(column, _DOMAIN_CHARACTERS)
        & Q(**{f"{column}__contains": "."})
        & ~Q(**{f"{column}__startswith": "."})
        & ~Q(**{f"{column}__endswith": "."})
        & ~Q(**{f"{column}__contains": ".."})
    )


def label_rules(column: str) -> Q:
    """One label of a domain name."""
    return (
        length(column, 1, MAX_LABEL)
        & only(column, _DOMAIN_CHARACTERS.removesuffix("."))
        & ~Q(**{f"{column}__startswith": "-"})
        & ~Q(**{f"{column}__endswith": "-"})
    )


def in_lower_case(column: str) -> Q:
    return Q(Exact(Lower(column), F(column)))


def verifier_rules() -> Q:
    """A salt always; both SCRAM keys or neither."""
    return (
        length("salt", SALT_OCTETS, 64)
        & Q(iterations__gte=1)
        & (
            Q(stored_key__isnull=True, server_key__isnull=True)
            | (
                Q(stored_key__isnull=False, server_key__isnull=False)
                & length("stored_key", KEY_OCTETS, KEY_OCTETS)
                & length("server_key", KEY_OCTETS, KEY_OCTETS)
            )
        )
    )


def rule(name: str, condition: Q) -> CheckConstraint:
    return CheckConstraint(name=f"%(class)s_{name}", condition=condition)


def unique_folded(name: str, column: str, *within: str) -> UniqueConstraint:
    """No two alike but for case."""
    return UniqueConstraint(*within, Lower(column), name=f"%(class)s_{name}")


def one_of(column: str, values: Iterable[Any]) -> Q:
    return Q(**{f"{column}__in": sorted(values)})
