"""An independent verifier of DKIM and ARC: Debian's python3-dkim, in a process of the system's
Python.

Its own dependencies stay out of our environment. One process answers for a whole test session.
"""

import base64
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

SYSTEM_PYTHON = Path("/usr/bin/python3")

_PROGRAM = """
import base64, json, sys
import dkim, nacl.signing

for line in sys.stdin:
    request = json.loads(line)
    message = base64.b64decode(request["message"])
    records = {name.encode(): text.encode() for name, text in request["records"].items()}
    results = []
    find = lambda name, timeout=5: records.get(name)
    if request["signatures"] is None:
        verdict, _, reason = dkim.arc_verify(message, dnsfunc=find, minkey=1024)
        print(json.dumps([(verdict or b"ended").decode(), reason]), flush=True)
        continue
    try:
        verifier = dkim.DKIM(message, minkey=1024)
    except dkim.DKIMException as error:
        print(json.dumps([str(error)]), flush=True)
        continue
    for index in range(request["signatures"]):
        try:
            results.append(bool(verifier.verify(idx=index, dnsfunc=find)))
        except dkim.DKIMException as error:
            results.append(str(error))
    print(json.dumps(results), flush=True)
"""


def installed() -> bool:
    if not SYSTEM_PYTHON.exists():
        return False
    probe = [str(SYSTEM_PYTHON), "-c", "import dkim, nacl.signing"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


class Verifier:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [str(SYSTEM_PYTHON), "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def verify(self, message: bytes, records: Mapping[str, str], signatures: int) -> list[object]:
        """For each signature from the top: True, False, or what the verifier complains of; that
        alone where it cannot read the message.

        `records` has the key records' texts under absolute names (with the dot at the end).
        """
        return self._ask(message, records, signatures)

    def arc(self, message: bytes, records: Mapping[str, str]) -> str:
        """The state of the message's ARC chain: "none", "pass", "fail", or "ended" by cv=fail."""
        return str(self._ask(message, records, None)[0])

    def _ask(
        self, message: bytes, records: Mapping[str, str], signatures: int | None
    ) -> list[object]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {
            "message": base64.b64encode(message).decode(),
            "records": dict(records),
            "signatures": signatures,
        }
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        results: list[object] = json.loads(self._process.stdout.readline())
        return results

    def close(self) -> None:
        self._process.communicate(timeout=60)
