"""Finding rows by the names that people write. Private to `operations`."""

from alphorn.base import address as addresses
from alphorn.base.errors import NotFound, Refused
from alphorn.directory.orm import MAX_NAME, Address, Domain, Organization, Plan, User
from alphorn.directory.rows import CATCH_ALL
from alphorn.directory.values import AddressKind


def name(text: str, what: str) -> str:
    """A name that people give to something. Raises Refused("name")."""
    stripped = " ".join(text.split())
    if not stripped:
        raise Refused(f"The name of the {what} is empty.", code="name")
    if len(stripped) > MAX_NAME:
        raise Refused(f"The name of the {what} has more than {MAX_NAME} characters.", code="name")
    if not stripped.isprintable():
        raise Refused(f"The name of the {what} has control characters in it.", code="name")
    return stripped


def plan(text: str) -> Plan:
    found = Plan.objects.filter(name__iexact=text.strip()).first()
    if found is None:
        raise NotFound(f"There is no plan {text!r}; `alphorn plan list` shows them.")
    return found


def organization(text: str) -> Organization:
    found = Organization.objects.select_related("plan").filter(name__iexact=text.strip()).first()
    if found is None:
        raise NotFound(
            f"There is no organization {text!r}; `alphorn organization list` shows them."
        )
    return found


def domain(text: str) -> Domain:
    """Raises NotFound, AddressError."""
    found = (
        Domain.objects.select_related("organization__plan")
        .filter(name=addresses.check_domain(text))
        .first()
    )
    if found is None:
        raise NotFound(
            f"The domain {text} is not here; say: alphorn domain add {text} --organization NAME"
        )
    return found


def address(text: str) -> Address:
    """By its text; `*@example.org` is the catch-all. Raises NotFound, AddressError."""
    local, domain_name = split(text)
    found = (
        Address.objects.select_related("domain__organization__plan", "account")
        .filter(domain__name=domain_name, local=local)
        .first()
    )
    if found is None:
        raise NotFound(f"There is no address {text}.")
    return found


def split(text: str) -> tuple[str, str]:
    """The local part ("" for a catch-all) and the domain of an address as they are stored."""
    local, at, domain_name = text.rpartition("@")
    if at and local == CATCH_ALL:
        return "", addresses.check_domain(domain_name)
    parsed = addresses.parse(text)
    return parsed.local, parsed.domain


def account(text: str) -> Address:
    """The own address of an account, with everything joined. Raises NotFound, AddressError."""
    found = address(text)
    if found.kind != AddressKind.OWN.value:
        raise NotFound(f"{text} is not an account's own address but of kind {found.kind}.")
    return found


def user(text: str) -> User:
    found = User.objects.filter(email=text.strip().lower()).first()
    if found is None:
        raise NotFound(f"There is no user {text}; `alphorn user list` shows them.")
    return found
