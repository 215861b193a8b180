"""A secured gateway in the control plane, with files that are in order."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from alphorn.directory.values import GatewayInfo
from alphorn.operations import confidential, gateways
from alphorn.operations.control import Control
from tests.support.authority import Authority, Issued

HOST = "gw.hin.test"
NETWORK = "192.0.2.0/28"


@cache
def authority(name: str = "Health network") -> Authority:
    return Authority(name)


@cache
def ours() -> Issued:
    return authority().issue("alphorn.test")


def wanted(**other: object) -> gateways.Wanted:
    """What the gateway hin is, but for what is said otherwise."""
    usual = gateways.Wanted(
        hosts=[HOST],
        networks=[NETWORK],
        ca=authority().pem,
        certificate=ours().certificate,
        key=ours().key,
    )
    return replace(usual, **other)  # type: ignore[arg-type]


def add_gateway(control: Control, folder: Path, name: str = "hin", **other: object) -> GatewayInfo:
    return gateways.add_gateway(control, folder, name, wanted(**other))


def make_confidential(control: Control, address: str, gateway: str = "hin") -> None:
    confidential.request(control, address, gateway)
    confidential.approve(control, address)
