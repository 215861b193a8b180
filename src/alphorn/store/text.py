"""Text as a database can keep it."""


def storable(text: str) -> str:
    """`text` without lone surrogates and NULs, which no database takes."""
    if text.isascii():
        return text.replace("\x00", " ") if "\x00" in text else text
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", " ")
