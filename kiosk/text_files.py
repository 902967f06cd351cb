"""Reads text that people wrote with an editor: UTF-8, with or without a byte order mark."""

import codecs
from pathlib import Path

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: Path) -> str:
    """Return the text of a file. Raises OSError, and ValueError that names the encoding that was found."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValueError(_other_encoding(data, line)) from None
    if "\0" in text:
        raise ValueError(_other_encoding(data, 1))
    return text


def _other_encoding(data: bytes, line: int) -> str:
    if data.startswith(_UTF_16) or b"\0" in data:
        found = "looks like UTF-16"
    elif _is(data, "gb18030"):
        found = f"looks like GBK (line {line} is not UTF-8)"
    else:
        found = f"is in an unknown encoding (line {line} is not UTF-8)"
    return f"the file {found}: open it in an editor and save it as UTF-8"


def _is(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
