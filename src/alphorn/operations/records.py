"""What a domain needs in the DNS: mail reaches us, programs find us, others believe us."""

from collections.abc import Iterable
from dataclasses import dataclass

DKIM_FOLDER = "_domainkey"

_SERVICES = (
    # RFC 6186, RFC 8314 §5.1, RFC 5804 §1.8: what programs look for when somebody types an address.
    ("_submissions", 465, "RFC 6186"),
    ("_submission", 587, "RFC 6186"),
    ("_imaps", 993, "RFC 6186"),
    ("_imap", 143, "RFC 6186"),
    ("_sieve", 4190, "RFC 5804"),
)


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """One record to publish. Names are absolute, without the last dot; `why` is for people."""

    name: str
    type: str
    value: str
    why: str

    def zone_line(self) -> str:
        """As it stands in a zone file (RFC 1035 §5.1); long texts are cut into strings."""
        value = self.value
        if self.type == "TXT":
            parts = (value[at : at + 255] for at in range(0, len(value), 255))
            value = " ".join(f'"{part}"' for part in parts)
        return f"{self.name}. 3600 IN {self.type} {value}"


def domain_records(
    domain: str, hostname: str, keys: Iterable[tuple[str, str]]
) -> tuple[DnsRecord, ...]:
    """All of them; `keys` are (selector, key record) of its DKIM keys in use."""
    records = [
        DnsRecord(domain, "MX", f"10 {hostname}.", "where mail for the domain goes"),
        DnsRecord(domain, "TXT", "v=spf1 mx -all", "who sends mail of the domain (SPF, RFC 7208)"),
        DnsRecord(
            f"_dmarc.{domain}",
            "TXT",
            "v=DMARC1; p=quarantine",
            "what others do with forged mail (DMARC, RFC 7489)",
        ),
    ]
    for selector, text in keys:
        name = f"{selector}.{DKIM_FOLDER}.{domain}"
        records.append(DnsRecord(name, "TXT", text, "the key that signs its mail (DKIM, RFC 6376)"))
    for service, port, source in _SERVICES:
        name = f"{service}._tcp.{domain}"
        value = f"0 1 {port} {hostname}."
        records.append(DnsRecord(name, "SRV", value, f"how mail programs find us ({source})"))
    return tuple(records)
