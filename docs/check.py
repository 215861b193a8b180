"""Documents that cannot go stale: generated references, links, and the standards we cite.

    python docs/check.py            say what is wrong; exit code 1 if anything is
    python docs/check.py --write    write docs/settings.md and docs/commands.md anew

Part of `make check`.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from alphorn.app.main import sections
from alphorn.base import settings
from alphorn.base.kinds import Place
from alphorn.cli.table import Argument, Command

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
CODE = ("src", "tests", "bench", "docs", "requirements")
GENERATED = "<!-- Written by `python docs/check.py --write`; change the table in the code. -->"

_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
_CITED = re.compile(r"\bRFC (\d{3,5})\b")
_UNFINISHED = re.compile(r"#.*\b(TODO|FIXME|XXX)\b")


def main() -> int:
    references = {"settings.md": settings_page(), "commands.md": commands_page()}
    if sys.argv[1:] == ["--write"]:
        for name, text in references.items():
            (DOCS / name).write_text(text)
        return 0
    problems = [
        *stale(references),
        *dead_links(),
        *unlisted_standards(),
        *unfinished(),
    ]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


# -- generated pages -------------------------------------------------------------------------------


def settings_page() -> str:
    lines = [
        "# Settings",
        "",
        GENERATED,
        "",
        f"They stand in `{settings.FILE_NAME}` in the data folder, which is",
        "[TOML](https://toml.io): `smtp.timeout` is `timeout` below `[smtp]`. After a change",
        "`alphorn serve --check` says what is wrong and `alphorn reload` takes it into use.",
        "",
    ]
    section = None
    for row in settings.TABLE:
        name = row.key.rpartition(".")[0]
        if name != section:
            section = name
            lines += [f"## {name or 'The installation'}", ""]
        default = "required" if row.required else f"default `{shown(row.default, row.kind.name)}`"
        lines += [f"**`{row.key}`** ({row.kind.name}; {default})  ", f"{row.doc}", ""]
    return "\n".join(lines).rstrip() + "\n"


UNITS = {
    "octets": (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)),
    "seconds": (("d", 86400), ("h", 3600), ("min", 60)),
}


def shown(value: object, kind: str = "") -> str:
    """A default as it would be written in the file."""
    match value:
        case bool():
            return str(value).lower()
        case Place(address, port):
            return f'"{address}:{port}"' if address else str(port)
        case tuple():
            return shown(value[0]) if len(value) == 1 else f"[{', '.join(map(shown, value))}]"
        case int():
            for unit, size in UNITS.get(kind.partition(",")[0], ()):
                if value and value % size == 0:
                    return f'"{value // size} {unit}"'
            return str(value)
        case float():
            return f"{value:g}"
        case None:
            return '""'
        case _:
            return f'"{value}"'


def commands_page() -> str:
    lines = [
        "# Commands",
        "",
        GENERATED,
        "",
        "Each takes `--data DIR`, the data folder: else `$ALPHORN_DATA`, then `/var/lib/alphorn`",
        "for root and `~/.local/share/alphorn` otherwise. Each works while the service runs.",
        "Exit codes: 0 done, 1 refused or failed (one line on standard error says why), 2 wrongly",
        "called.",
        "",
    ]
    for section in sections():
        lines += [f"## {section.name}", "", section.help[:1].upper() + section.help[1:] + ".", ""]
        for command in section.load():
            lines += described(command)
    return "\n".join(lines).rstrip() + "\n"


def described(command: Command) -> Iterator[str]:
    words = [usage(argument) for argument in command.arguments]
    yield from ["```", " ".join(["alphorn", command.name, *words]), "```", ""]
    if command.description:
        yield from [command.description.strip().replace("\n\n", "\n\n"), ""]
    elif " " in command.name:
        yield from [command.help[:1].upper() + command.help[1:] + ".", ""]
    for argument in command.arguments:
        name = ", ".join(f"`{flag}`" for flag in argument.flags)
        yield f"* {name}: {argument.options['help']}"
    if command.arguments:
        yield ""


def usage(argument: Argument) -> str:
    options = argument.options
    flag = argument.flags[0]
    name = str(options.get("metavar") or flag.lstrip("-").upper().replace("-", "_"))
    if flag.startswith("-"):
        word = flag if "action" in options else f"{flag} {name}"
        return word if options.get("required") else f"[{word}]"
    return {"?": f"[{name}]", "*": f"[{name} ...]", "+": f"{name} ..."}.get(
        str(options.get("nargs", "")), name
    )


# -- checks ----------------------------------------------------------------------------------------


def stale(references: dict[str, str]) -> Iterator[str]:
    for name, text in references.items():
        path = DOCS / name
        if not path.exists() or path.read_text() != text:
            yield f"docs/{name} is not what the tables say: run `python docs/check.py --write`"


def pages() -> Iterator[Path]:
    yield from sorted(ROOT.glob("*.md"))
    yield from sorted(DOCS.rglob("*.md"))
    yield from sorted((ROOT / "bench").rglob("*.md"))


def dead_links() -> Iterator[str]:
    for page in pages():
        for link in _LINK.findall(_FENCE.sub("", page.read_text())):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            where = page.relative_to(ROOT)
            if not target.exists():
                yield f"{where}: {link} leads nowhere"
            elif anchor and anchor not in anchors(target):
                yield f"{where}: {link} has no such heading"


def anchors(page: Path) -> set[str]:
    """As a page of Markdown gets them from its headings."""
    return {
        re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        for heading in _HEADING.findall(_FENCE.sub("", page.read_text()))
    }


def sources() -> Iterator[Path]:
    for folder in CODE:
        yield from sorted((ROOT / folder).rglob("*.py"))


def unlisted_standards() -> Iterator[str]:
    page = DOCS / "rfc.md"
    listed = set(_CITED.findall(page.read_text())) if page.exists() else set()
    cited: dict[str, Path] = {}
    for path in sources():
        for number in _CITED.findall(path.read_text()):
            cited.setdefault(number, path)
    for number in sorted(set(cited) - listed, key=int):
        where = cited[number].relative_to(ROOT)
        yield f"docs/rfc.md does not say how we support RFC {number}, cited in {where}"


def unfinished() -> Iterator[str]:
    for path in sources():
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if _UNFINISHED.search(line) and path != Path(__file__).resolve():
                yield f"{path.relative_to(ROOT)}:{number}: unfinished: {line.strip()}"


if __name__ == "__main__":
    raise SystemExit(main())
