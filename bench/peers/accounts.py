"""Makes the accounts of a measured Alphorn, and a device password for each, in one process.

python -m bench.peers.accounts DATA DOMAIN USERS PASSWORD    prints the device passwords
"""

import sys
from pathlib import Path

from alphorn.app.installation import read_settings
from alphorn.app.services import for_command
from alphorn.base.secret import Secret
from alphorn.directory.setup import close_connections
from alphorn.operations import accounts, passwords
from alphorn.operations.control import NewAccount


def main(data: Path, domain: str, users: int, password: str) -> None:
    services = for_command(data, read_settings(data))
    try:
        addresses = [f"user{number}@{domain}" for number in range(1, users + 1)]
        news = [NewAccount(address, Secret(password)) for address in addresses]
        accounts.add_accounts(services.control, news)
        for address in addresses:
            new = passwords.add_device_password(services.control, address, "bench")
            print(new.password.reveal())
    finally:
        services.close()
        close_connections()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4])
