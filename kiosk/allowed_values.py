"""Names what a setting may be where msgspec only says that a value is none of it."""

import re
from difflib import get_close_matches
from typing import Any

from msgspec import inspect

MOST = 12
"""More values than that are not listed; the closest are."""

_AT = re.compile(r"Invalid enum value '?(.*?)'? - at `\$(.*)`")


def allowed_values(message: str, kind: type) -> str:
    """Return what to add to msgspec's message about a value of the type `kind`; empty if it is another."""
    found = _AT.fullmatch(message)
    if found is None:
        return ""
    given, path = found.groups()
    values = _values_at(inspect.type_info(kind), re.findall(r"\.(\w+)|\[", path))
    if len(values) <= MOST:
        return f"; one of: {', '.join(values)}"
    close = get_close_matches(given, values) or get_close_matches(given, values, cutoff=0.0)
    return f"; one of {len(values)}, such as: {', '.join(close)}"


def _values_at(type_: Any, names: list[str]) -> list[str]:
    """Walk to a key: names of fields, and "" for an item of an array."""
    if isinstance(type_, inspect.Metadata):
        return _values_at(type_.type, names)
    if isinstance(type_, inspect.UnionType):
        return [value for one in type_.types for value in _values_at(one, names)]
    if isinstance(type_, inspect.StructType) and names:
        fields = {field.encode_name: field.type for field in type_.fields}
        return _values_at(fields[names[0]], names[1:]) if names[0] in fields else []
    if isinstance(type_, inspect.DictType) and names:
        return _values_at(type_.value_type, names[1:])
    if isinstance(type_, inspect.VarTupleType | inspect.ListType) and names:
        return _values_at(type_.item_type, names[1:])
    if names:
        return []
    if isinstance(type_, inspect.EnumType):
        return [str(member.value) for member in type_.cls]
    return [str(value) for value in type_.values] if isinstance(type_, inspect.LiteralType) else []
