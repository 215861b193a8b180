"""Domains, their keys, and what goes into the DNS."""

import base64
import re

import pytest

from alphorn.base.address import AddressError
from alphorn.base.errors import Exists, NotFound, Refused
from alphorn.operations import addresses, domains, organizations, users
from alphorn.operations.control import Actor
from alphorn.operations.rights import Forbidden
from tests.support.installation import Installation


def test_what_to_put_into_the_dns(installation: Installation) -> None:
    control = installation.control
    organizations.add_organization(control, "Acme")
    made = domains.add_domain(control, "Example.TEST", "acme")
    assert made.domain.name == "example.test"
    assert domains.dns_records(control, "example.test") == made.records
    found = {(record.name, record.type): record for record in made.records}
    assert found["example.test", "MX"].value == "10 mx.example.test."
    assert found["example.test", "TXT"].value == "v=spf1 mx -all"
    assert found["_dmarc.example.test", "TXT"].value.startswith("v=DMARC1; p=")
    assert found["_imaps._tcp.example.test", "SRV"].value == "0 1 993 mx.example.test."
    assert found["_sieve._tcp.example.test", "SRV"].value == "0 1 4190 mx.example.test."
    assert found["_submissions._tcp.example.test", "SRV"].value == "0 1 465 mx.example.test."
    selectors = [record for record in made.records if "._domainkey." in record.name]
    assert [record.name for record in selectors] == [
        "alphorn-20270115-rsa._domainkey.example.test",
        "alphorn-20270115-ed25519._domainkey.example.test",
    ]
    rsa, ed25519 = (record.value for record in selectors)
    assert rsa.startswith("v=DKIM1; k=rsa; p=")
    assert len(base64.b64decode(ed25519.removeprefix("v=DKIM1; k=ed25519; p="))) == 32


def test_zone_lines_keep_within_the_length_of_a_string(installation: Installation) -> None:
    installation.domain()
    for record in domains.dns_records(installation.control, "example.test"):
        line = record.zone_line()
        assert line.startswith(f"{record.name}. 3600 IN {record.type} ")
        if record.type == "TXT":
            strings = re.findall(r'"([^"]*)"', line)
            assert "".join(strings) == record.value
            assert all(len(string) <= 255 for string in strings)


def test_keys_are_sealed_in_the_database(installation: Installation) -> None:
    installation.domain()
    keys = installation.view.signing_keys("example.test")
    stored = [row[0] for row in installation.sql("SELECT private_key FROM directory_signingkey")]
    for key in keys:
        assert all(key.private_key_der not in sealed for sealed in stored)  # type: ignore[operator]


def test_refusals(installation: Installation) -> None:
    control = installation.control
    with pytest.raises(NotFound):
        domains.add_domain(control, "example.test", "Acme")
    installation.domain()
    with pytest.raises(Exists):
        domains.add_domain(control, "EXAMPLE.test", "Acme")
    for name in ("test", "ex ample.test", "-a.test", ""):
        with pytest.raises(AddressError):
            domains.add_domain(control, name, "Acme")
    with pytest.raises(NotFound, match="domain add"):
        domains.show_domain(control, "example.org")


def test_removed_only_when_empty(installation: Installation) -> None:
    control = installation.control
    installation.domain()
    addresses.add_redirect(control, "a@example.test", ["b@example.org"])
    with pytest.raises(Refused) as caught:
        domains.remove_domain(control, "example.test")
    assert caught.value.code == "in-use"
    addresses.remove_address(control, "a@example.test")
    domains.remove_domain(control, "example.test")
    assert installation.view.domain("example.test") is None
    assert installation.view.signing_keys("example.test") == ()
    installation.domain()
    assert len(installation.view.signing_keys("example.test")) == 2


def test_only_operators_add_domains(installation: Installation) -> None:
    """Else anybody could take the mail of any domain that is written on this installation."""
    from alphorn.directory.values import Role

    control = installation.control
    installation.domain()
    user = users.add_user(control, "olga@example.org")
    users.set_membership(control, "olga@example.org", "Acme", Role.OWNER)
    olga = control.acting_as(Actor(user_id=user.id))
    with pytest.raises(Forbidden):
        domains.add_domain(olga, "example.com", "Acme")
    assert [info.name for info in domains.list_domains(olga)] == ["example.test"]
    domains.enable_domain(olga, "example.test", on=False)
    installation.domain("example.org", "Other")
    assert [info.name for info in domains.list_domains(olga)] == ["example.test"]
    for act in (domains.show_domain, domains.dns_records, domains.remove_domain):
        with pytest.raises(Forbidden):
            act(olga, "example.org")
    assert [info.name for info in domains.list_domains(control, "Other")] == ["example.org"]
