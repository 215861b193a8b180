"""A person at sieve-connect: her scripts go to the server and come back, over STARTTLS.

A broken one is refused with the place of each mistake.
"""

import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.tools import PASSWORD, alphorn_json, certificate, environment
from tests.support.service import Service

pytestmark = pytest.mark.program("sieve-connect")
SARAH = "sarah@example.test"
SCRIPT = (
    'require ["fileinto", "mailbox"];\r\n'
    'if header :contains "subject" "Grüezi" {\r\n'
    '    fileinto :create "Swiss";\r\n'
    "}\r\n"
)
BROKEN = 'keep;\r\nif true {\r\n    fileinto "Swiss";\r\n}\r\n'


COMMANDS = """\
put main.sieve swiss
put main.sieve spare
activate swiss
list
get swiss back.sieve
delete spare
checkscript broken.sieve
put broken.sieve
list
"""


def connect(service: Service, home: Path) -> list[str]:
    """The dialog as sieve-connect shows it, when it does what stands in `home`/commands."""
    done = subprocess.run(
        [
            "sieve-connect", "--server", "localhost", "--port", str(service.ports["sieve"]),
            "--nosrv", "--4", "--user", SARAH, "--passwordfd", "0",
            "--tlscafile", str(certificate(service)), "--debug", "--exec", "commands",
        ],
        cwd=home,
        input=PASSWORD,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )  # fmt: skip
    lines = (done.stdout + done.stderr).splitlines()
    assert lines[-1] == "saw 2 problems, exiting 1", lines  # the broken script, checked and put
    return lines


def test_scripts_go_there_and_come_back(service: Service, tmp_path: Path) -> None:
    (tmp_path / "main.sieve").write_bytes(SCRIPT.encode())
    (tmp_path / "broken.sieve").write_bytes(BROKEN.encode())
    (tmp_path / "commands").write_text(COMMANDS)
    dialog = connect(service, tmp_path)
    said = [line.strip() for line in dialog]
    # TLS came first, and what was announced in plaintext was announced again.
    begun = next(n for n, line in enumerate(said) if line.startswith("-T- TLS activated here"))
    assert not any(line.startswith(">>> AUTHENTICATE") for line in said[:begun])
    for secure, lines in ((False, said[:begun]), (True, said[begun:])):
        assert any(line.startswith('<<< "SIEVE" "') for line in lines)
        assert ('<<< "STARTTLS"\\r\\n' in lines) is not secure
    assert (tmp_path / "back.sieve").read_bytes() == SCRIPT.encode()
    listed = [line for line in said if line in ('"spare"', '"swiss" ACTIVE', '"broken.sieve"')]
    assert listed == ['"spare"', '"swiss" ACTIVE', '"swiss" ACTIVE']
    for refused in ("CHECKSCRIPT failed: NO ", "PUTSCRIPT(broken.sieve) failed: NO "):
        assert any(line.startswith(f'{refused}"line 3, column 5: ') for line in said), refused
    # The command line sees the same scripts as the protocol.
    (info,) = alphorn_json(service, "script", "list", SARAH)
    assert (info["name"], info["active"], info["octets"]) == ("swiss", True, len(SCRIPT.encode()))
