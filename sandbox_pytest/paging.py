"""Lists of the control plane, which come page by page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: As many items as a page may have.
PAGE = 1000


def all_items(ask: Callable[[str | None], Any]) -> list[Any]:
    """The items of all pages of a list; `ask` takes the `next` of the page before."""
    page = ask(None)
    items: list[Any] = page["items"]
    while page["next"] is not None:
        page = ask(page["next"])
        items += page["items"]
    return items
