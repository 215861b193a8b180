"""What an ordinary rule set costs a message: `python -m bench.sieve`."""

import statistics
import time

from alphorn.sieve.compiler import compile_script
from alphorn.sieve.environment import Plain
from alphorn.sieve.interpreter import run

RULES = """
require ["fileinto", "imap4flags", "envelope", "variables", "copy", "relational", "date",
         "comparator-i;ascii-numeric", "vacation", "mailbox", "subaddress"];
if address :is "from" ["a@x.test", "b@x.test", "c@x.test"] { discard; stop; }
if address :domain :is "from" ["bad.test", "worse.test"] { fileinto "Junk"; stop; }
if envelope :detail :is "to" "shop" { fileinto "Shop"; stop; }
if header :contains "list-id" ["<dev.example.org>", "<users.example.org>"] {
    fileinto :create "Lists"; stop;
}
if header :contains "subject" ["invoice", "receipt", "order"] { fileinto "Bills"; stop; }
if header :matches "subject" "[*] *" { set "tag" "${1}"; addflag "$label1"; }
if allof (address :is "to" "team@example.org", size :over 1M) { addflag "Large"; }
if anyof (header :contains "x-priority" "1", header :is "importance" "high") {
    addflag "\\\\Flagged";
}
if allof (header :contains "from" "boss", not header :contains "subject" "fyi") {
    addflag "\\\\Flagged";
}
if header :contains ["to", "cc"] "holiday@example.org" { fileinto "Holiday"; stop; }
if allof (currentdate :value "ge" "date" "2030-01-01",
          currentdate :value "le" "date" "2030-01-09") {
    vacation :days 7 "Away.";
}
if exists "x-spam-flag" { fileinto "Junk"; stop; }
keep;
"""
MESSAGE = (
    b"Return-Path: <someone@example.net>\r\n"
    + b"Received: from a.example.net by b.example.org with ESMTPS id abc;\r\n"
    b" Thu, 13 Feb 2025 12:00:00 +0100\r\n"
    * 4
    + b"DKIM-Signature: v=1; a=rsa-sha256; d=example.net; s=s1; h=from:to:subject;\r\n b="
    + b"A" * 300
    + b"\r\nFrom: =?utf-8?q?J=C3=BCrg?= <someone@example.net>\r\nTo: anna@example.org\r\n"
    b"Cc: team@example.org, Otto <otto@example.org>\r\nSubject: [dev] The next release\r\n"
    b"Message-ID: <1@example.net>\r\nDate: Thu, 13 Feb 2025 12:00:00 +0100\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + b"Hello.\r\n" * 2000
)


def main() -> None:
    begin = time.perf_counter()
    script = compile_script(RULES)
    compiled = time.perf_counter() - begin
    world = Plain(now=1.7e9, sender="someone@example.net", recipient="anna+x@example.org")
    figures = []
    for _ in range(2000):
        begin = time.perf_counter()
        result = run(script, MESSAGE, world)
        figures.append(time.perf_counter() - begin)
        assert result.error is None
    print(f"compiled in {compiled * 1e3:.2f} ms")
    print(f"a message: median {statistics.median(figures) * 1e6:.0f} µs")
    print(f"           99 % below {sorted(figures)[-20] * 1e6:.0f} µs")


if __name__ == "__main__":
    main()
