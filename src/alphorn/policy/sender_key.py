"""One name for all the senders that a mailing program makes up for the same mail.

Programs put what changes with each message into the local part of the envelope sender: numbers,
hashes, dates, the recipient. A retry must be known again and the next issue of a newsletter be
taken for the same correspondent, so what changes is taken out.
"""

import re

MAX_LOCAL = 256
"""Characters that are looked at; RFC 5321 §4.5.3.1.1 has 64."""

_BATV = re.compile(r"prvs=[0-9a-z]{1,20}=|btv1==[^=]{1,64}==")
_SRS = re.compile(r"srs(?:0|1[=+-][^=]*=[^=]*=)[=+-][^=]*=[^=]*=(.*)")
# A possessive run and a look-behind keep these linear in whatever comes.
_MIXED = re.compile(r"(?<![a-z0-9])[a-z]*+[0-9]++[a-z][a-z0-9]*+")
_DIGITS = re.compile(r"[0-9]++")
_SEVERAL = re.compile(r"#(?:[-_=.]*+#)++")


def sender_key(address: str) -> str:
    """`local@domain` in lower case without what changes; "" for the null sender.

    * `+tag` goes, and with it the recipient of VERP (`list+anna=example.org@lists.example`);
    * BATV's tag goes (`prvs=0123456789=anna@…`), SRS's hash and date
      (`SRS0=Hash=Tt=example.org=anna@…`);
    * numbers become `#`, and so do words of letters and digits mixed, as hashes are.
    """
    local, at, domain = address.lower().rpartition("@")
    if not at:
        return address.lower()[:MAX_LOCAL]
    local = local.strip('"')[:MAX_LOCAL]
    if local.startswith("srs") and (found := _SRS.fullmatch(local)):
        local = f"srs={found[1]}"
    elif local.startswith(("prvs=", "btv1==")):
        local = _BATV.sub("", local, count=1)
    base = local.partition("+")[0]
    local = _DIGITS.sub("#", _MIXED.sub("#", base or local))
    return f"{_SEVERAL.sub('#', local)}@{domain}"
