"""From octets and the name of a charset to text, as mail programs label it in practice.

Nothing here raises: an unknown label is read as UTF-8 where that fits, else as windows-1252, and
octets that fit nowhere become U+FFFD. Text never contains lone surrogates, so that every result can
be encoded again. Labels reach only codecs of charsets, never Python's other codecs.
"""

import codecs
import re
from functools import lru_cache

_LABEL = re.compile(r"[^a-z0-9]+")

# What programs mean by a label: the superset that is really in use (as browsers do it).
_MEANT = {
    "": "utf-8",
    "ascii": "utf-8",
    "usascii": "utf-8",
    "ansix341968": "utf-8",
    "646": "utf-8",
    "utf": "utf-8",
    "unicode": "utf-8",
    "unknown8bit": "utf-8",
    "xunknown": "utf-8",
    "utf8": "utf-8",
    "unicode11utf8": "utf-8",
    "unicode20utf8": "utf-8",
    "xunicode20utf8": "utf-8",
    "unicode11utf7": "utf-7",
    "ucs2": "utf-16",
    "iso88591": "cp1252",
    "latin1": "cp1252",
    "l1": "cp1252",
    "88591": "cp1252",
    "ansi": "cp1252",
    "iso88599": "cp1254",
    "latin5": "cp1254",
    "iso885911": "cp874",
    "tis620": "cp874",
    "iso88598i": "iso8859-8",
    "iso88598e": "iso8859-8",
    "logical": "iso8859-8",
    "iso88596i": "iso8859-6",
    "iso88596e": "iso8859-6",
    "gb2312": "gb18030",
    "xgb2312": "gb18030",
    "gb231280": "gb18030",
    "csgb2312": "gb18030",
    "gbk": "gb18030",
    "xgbk": "gb18030",
    "cp936": "gb18030",
    "euccn": "gb18030",
    "big5": "cp950",
    "big5eten": "cp950",
    "xxbig5": "cp950",
    "cnbig5": "cp950",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "xsjis": "cp932",
    "mskanji": "cp932",
    "windows31j": "cp932",
    "iso2022jp": "iso2022_jp_ext",
    "xeucjp": "euc_jp",
    "euckr": "cp949",
    "ksc56011987": "cp949",
    "ksc5601": "cp949",
    "korean": "cp949",
    "hzgb2312": "hz",
    "koi8": "koi8-r",
    "koi8ru": "koi8-u",
    "macintosh": "mac-roman",
    "xmacroman": "mac-roman",
    "xmaccyrillic": "mac-cyrillic",
    "win1250": "cp1250",
    "win1251": "cp1251",
    "win1252": "cp1252",
    "xcp1251": "cp1251",
    "xcp1252": "cp1252",
}

_CHARSETS = frozenset(
    (
        *("ascii", "utf-7", "utf-8", "utf-8-sig", "ptcp154", "kz1048", "tis-620", "johab", "hz"),
        *("utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-be", "utf-32-le", "hp-roman8"),
        *("big5", "big5hkscs", "gb18030", "gb2312", "gbk", "koi8-r", "koi8-t", "koi8-u"),
        *("euc_kr", "euc_jp", "euc_jis_2004", "euc_jisx0213", "iso2022_kr", "iso2022_jp"),
        *("iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_3", "iso2022_jp_ext"),
        *("shift_jis", "shift_jis_2004", "shift_jisx0213"),
    )
)

_FEW = 1000  # up to here, replacing each is faster than translating the whole text
_ESCAPED = re.compile("[\udc80-\udcff]+")

# A lone surrogate stands for an octet that was not UTF-8: most likely windows-1252.
_REPAIR = {
    0xDC80 + n: bytes((0x80 + n,)).decode("cp1252", "replace").replace("\ufffd", chr(0x80 + n))
    for n in range(128)
}


@lru_cache(maxsize=512)
def codec(label: str) -> str | None:
    """The Python codec that reads what mail programs label so, or None for an unknown label."""
    plain = _LABEL.sub("", label.lower())
    name = _MEANT.get(plain) or label.strip().strip("\"'")
    for attempt in (name, name.lower().replace("windows-", "cp").replace("cp-", "cp")):
        try:
            found = codecs.lookup(attempt).name
        except (LookupError, ValueError):
            continue
        if found in _CHARSETS or found.startswith(("cp", "iso8859-", "mac-")):
            return found
    return None


def decode(data: bytes, label: str) -> str:
    """The text of `data` in the charset called `label`."""
    name = codec(label) if len(label) <= 64 else None
    if name is None or name == "utf-8":
        return decode_unlabelled(data)
    text = data.decode(name, "replace")
    if name == "utf-7":  # the one codec that lets lone surrogates through
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def decode_unlabelled(data: bytes) -> str:
    """UTF-8 where the octets are that, else windows-1252; damaged UTF-8 is a mixture of the two."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
    valid = len(text.encode("utf-8", "ignore"))
    strangers = len(data) - valid
    if valid - (len(text) - strangers) <= strangers:  # sequences do not even add as many octets
        return data.decode("cp1252", "replace")
    if strangers > _FEW:
        return text.translate(_REPAIR)
    return _ESCAPED.sub(lambda match: match[0].translate(_REPAIR), text)


def repair(text: str) -> str:
    """Text decoded with `surrogateescape`, its escaped octets read as windows-1252."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.translate(_REPAIR)
    return text
