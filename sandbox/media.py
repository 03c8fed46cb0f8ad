"""Media types: what a Content-Type header says the body is."""

from __future__ import annotations


def _names(header: str | None, *types: str) -> bool:
    if header is None:
        return False
    kind, *parameters = (part.strip() for part in header.split(";"))
    if kind.lower() not in types:
        return False
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset" and value.strip().strip('"').lower() not in ("utf-8", "utf8"):
            return False
    return True


def is_json(header: str | None) -> bool:
    """`application/json`, in UTF-8 where a charset is named."""
    return header == "application/json" or _names(header, "application/json")


def is_merge_patch(header: str | None) -> bool:
    """JSON, or a JSON merge patch (RFC 7396)."""
    return _names(header, "application/json", "application/merge-patch+json")


def is_form(header: str | None) -> bool:
    """`application/x-www-form-urlencoded`."""
    return _names(header, "application/x-www-form-urlencoded")


def is_encoded(header: str | None) -> bool:
    """A Content-Encoding under which the body is not the text itself; no coding is understood here."""
    return header is not None and header.strip().lower() not in ("", "identity")
