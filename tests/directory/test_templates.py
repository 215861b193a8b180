"""What the database keeps of templates, whoever writes it."""

import sqlite3
from typing import Any

import pytest

from tests.support.installation import Installation

TEMPLATE = {
    "organization_id": 1, "domain_id": None, "kind": "signature", "name": "Standard",
    "subject": "", "text": "x", "html": "", "automatic": 0, "created": 0,
}  # fmt: skip


@pytest.fixture
def acme(installation: Installation) -> Installation:
    installation.domain()
    installation.account("anna@example.test")
    return installation


def _insert(acme: Installation, table: str, row: dict[str, Any]) -> None:
    columns, marks = ", ".join(row), ", ".join("?" * len(row))
    acme.sql(f"INSERT INTO directory_{table} ({columns}) VALUES ({marks})", *row.values())


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"domain_id": 1}, "one_scope"),
        ({"organization_id": None}, "one_scope"),
        ({"kind": "filter"}, "kind_known"),
        ({"name": ""}, "name_length"),
        ({"subject": "x"}, "subject_of_responder"),
        ({"text": ""}, "says_something"),
        ({"html": "x" * 20_001}, "template_length"),
        ({"name": "STANDARD"}, "UNIQUE"),
    ],
)
def test_a_wrong_template_cannot_exist(
    acme: Installation, change: dict[str, Any], rule: str
) -> None:
    _insert(acme, "template", TEMPLATE)
    _insert(acme, "template", TEMPLATE | {"kind": "responder", "subject": "x"})
    _insert(acme, "template", TEMPLATE | {"organization_id": None, "domain_id": 1})
    with pytest.raises(sqlite3.IntegrityError, match=rule):
        _insert(acme, "template", TEMPLATE | {"name": "Other"} | change)


def test_a_use_is_of_one_account_and_whole(acme: Installation) -> None:
    _insert(acme, "template", TEMPLATE)
    use = {"template_id": 1, "account_id": 1, "item": "a", "digest": bytes(32)}
    _insert(acme, "templateuse", use)
    for change, rule in (({}, "UNIQUE"), ({"account_id": 2, "digest": b"x"}, "digest_length")):
        with pytest.raises(sqlite3.IntegrityError, match=rule):
            _insert(acme, "templateuse", use | change)


def test_a_profile_is_bounded(acme: Installation) -> None:
    for column in ("function", "phone", "postal_address"):
        with pytest.raises(sqlite3.IntegrityError, match="profile_length"):
            acme.sql(f"UPDATE directory_account SET {column} = ?", "x" * 501)
