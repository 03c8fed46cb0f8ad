"""The state file: a server's worlds in one file, which is replaced whole and so never half there.

Line by line, in UTF-8: name and version of the form; a JSON value a section; the index, which has each section's size
and BLAKE2b digest; and last, of fixed length, the size and digest of the index. Whatever is cut off or changed is
found, and a section that stays as it is can be copied from file to file unread.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from sandbox.ids import Count

VERSION = 1
_NAME = b"hris-sandbox state "
_HEAD = _NAME + b"%d\n" % VERSION
_ANY_HEAD = re.compile(re.escape(_NAME) + rb"([0-9]{1,9})\n")
_TAIL = re.compile(rb"\n([0-9]{12}) ([0-9a-f]{32})\n")
_TAIL_BYTES = 47
# An index of a million worlds has half of that.
_MAX_INDEX = 256 * 1024 * 1024
_COPIED_AT_ONCE = 1024 * 1024


class StateError(Exception):
    """A state file cannot be used; the text says which and why."""


class Section(msgspec.Struct, frozen=True):
    """Where in the file a section is, without the line break behind it, and its digest."""

    start: int
    size: int
    digest: str


class _Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sections: list[tuple[Count, str]]
    about: msgspec.Raw


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()


class StateFile:
    """One state file, locked for as long as it is open. `path` is where it really is, links followed.

    Raises StateError where the file cannot be used by this process, or another one has it.
    """

    def __init__(self, path: Path) -> None:
        self._shown = path
        try:
            self.path = path.resolve()
            self._check_place()
            self._lock = self._locked()
        except (OSError, RuntimeError) as error:
            # RuntimeError: Python 3.11 and 3.12 name a circle of links so.
            raise self._error(f"cannot be used: {_reason(error)}") from None
        except ValueError as error:
            raise self._error(f"cannot be used: {error}") from None
        #: The file as it is now, open.
        self._held = -1

    def _error(self, text: str) -> StateError:
        return StateError(f"state file {self._shown}: {text}")

    def _check_place(self) -> None:
        if not self.path.parent.is_dir():
            raise self._error(f"there is no folder {self.path.parent}")
        if not self.path.exists():
            return
        kind = self.path.stat().st_mode
        if stat.S_ISDIR(kind):
            raise self._error("is a folder")
        if not stat.S_ISREG(kind):
            raise self._error("is no regular file")
        for needed, word in ((os.R_OK, "read"), (os.W_OK, "written")):
            if not os.access(self.path, needed, effective_ids=os.access in os.supports_effective_ids):
                raise self._error(f"cannot be {word}: Permission denied")

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(self.path.name + ".lock")

    def _locked(self) -> int:
        """The lock: a file beside it, since the file itself is replaced again and again."""
        while True:
            lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Whoever had it takes the lock's file away at the end: then this one is no lock any more.
                with contextlib.suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(lock), self._lock_path.stat()):
                        return lock
            except BlockingIOError:
                os.close(lock)
                raise self._error("is in use by another server") from None
            except BaseException:
                os.close(lock)
                raise
            os.close(lock)

    def close(self) -> None:
        """Let others have it. Closing twice is as good as once."""
        if self._lock >= 0:
            self._lock_path.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = -1
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    # -- reading -----------------------------------------------------------------------------------

    def read(self) -> tuple[msgspec.Raw, list[Section]] | None:
        """What was said about the sections, and where they are; None where there is no file yet.

        Raises StateError where it is not what was written. The sections themselves are not looked at.
        """
        try:
            self._held = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._error(f"cannot be read: {_reason(error)}") from None
        try:
            return self._read_index(os.fstat(self._held).st_size)
        except OSError as error:
            raise self._error(f"cannot be read: {_reason(error)}") from None

    def _read_index(self, size: int) -> tuple[msgspec.Raw, list[Section]]:
        head = self._bytes(0, min(size, len(_NAME) + 10))
        found = _ANY_HEAD.match(head)
        if found is None:
            cut = size < len(_HEAD) and _HEAD.startswith(head) and size > 0
            raise self._error("is cut off" if cut else "is empty" if not size else "is no state file of hris-sandbox")
        if int(found[1]) != VERSION:
            raise self._error(f"has version {int(found[1])} of its form, and this hris-sandbox reads version {VERSION}")
        tail = _TAIL.fullmatch(self._bytes(size - _TAIL_BYTES, _TAIL_BYTES) if size >= _TAIL_BYTES else b"")
        index_bytes = int(tail[1]) if tail is not None else 0
        start = size - _TAIL_BYTES - index_bytes
        if tail is None or not 0 < index_bytes <= _MAX_INDEX or start < len(_HEAD):
            raise self._error("is cut off, or has been changed at its end")
        text = self._bytes(start, index_bytes)
        if _digest(text) != tail[2].decode():
            raise self._error("has been changed: its index does not fit its checksum")
        try:
            index = msgspec.json.decode(text, type=_Index)
        except (msgspec.DecodeError, RecursionError) as error:
            raise self._error(f"has an index that is not understood: {error}") from None
        sections, at = [], len(_HEAD)
        for length, digest in index.sections:
            sections.append(Section(at, length, digest))
            at += length + 1
        if at != start:
            raise self._error("has been changed: something was added or taken out")
        return index.about, sections

    def section(self, section: Section) -> bytes:
        """A section's JSON. Raises StateError where it is not what was written."""
        try:
            data = self._bytes(section.start, section.size + 1)
        except OSError as error:
            raise self._error(f"cannot be read: {_reason(error)}") from None
        if _digest(data[:-1]) != section.digest or data[-1:] != b"\n":
            raise self._error(f"has been changed: bytes {section.start} and following do not fit their checksum")
        return data[:-1]

    def refuse(self, why: str) -> StateError:
        """The error that what is in the file cannot be."""
        return self._error(why)

    def _bytes(self, start: int, size: int) -> bytes:
        pieces = []
        while size > 0:
            piece = os.pread(self._held, size, start)
            if not piece:
                break
            pieces.append(piece)
            start, size = start + len(piece), size - len(piece)
        return b"".join(pieces)

    # -- writing -----------------------------------------------------------------------------------

    def draft(self) -> Draft:
        """The next content of the file, to be written and put in its place. Raises OSError."""
        return Draft(self)

    @property
    def draft_path(self) -> Path:
        """Where the next content is written; only whoever has the lock does."""
        return self.path.with_name(self.path.name + ".new")

    def copy(self, target: int, section: Section) -> None:
        """Append a section of the file as it is, and its line break, to the open file `target`. Raises OSError."""
        start, end = section.start, section.start + section.size + 1
        while start < end:
            piece = os.pread(self._held, min(end - start, _COPIED_AT_ONCE), start)
            if not piece:
                raise OSError(f"{self.path} has become shorter")
            _write(target, piece)
            start += len(piece)

    def replace(self, draft: int) -> None:
        """Put the draft, open as `draft`, in the file's place; the old content is there until then. Raises OSError."""
        os.fsync(draft)
        self.draft_path.replace(self.path)
        before, self._held = self._held, draft
        if before >= 0:
            os.close(before)
        # From here on it is the file. Not every file system writes a folder when asked to.
        with contextlib.suppress(OSError):
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


class Draft:
    """The next content of a state file, section by section; all of it may be done in any one thread at a time."""

    def __init__(self, file: StateFile) -> None:
        self._file = file
        file.draft_path.unlink(missing_ok=True)
        # For the owner alone: temporary passwords are in it.
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._open = os.open(file.draft_path, flags, 0o600)
        self._at = 0
        self._sections: list[Section] = []
        try:
            self._append(_HEAD)
        except BaseException:
            self.discard()
            raise

    def _append(self, data: bytes) -> None:
        _write(self._open, data)
        self._at += len(data)

    def add(self, sections: Iterable[list[bytes] | Section]) -> None:
        """Append sections: the JSON of new ones in pieces, or where in the file they stand. Raises OSError."""
        for section in sections:
            start = self._at
            if isinstance(section, Section):
                self._file.copy(self._open, section)
                self._sections.append(Section(start, section.size, section.digest))
                self._at += section.size + 1
                continue
            text = b"".join(section)
            self._append(text + b"\n")
            self._sections.append(Section(start, len(text), _digest(text)))

    def commit(self, about: Any) -> list[Section]:
        """Make it the file's content, with `about` in its index; the sections as they stand now. Raises OSError."""
        sizes = [(section.size, section.digest) for section in self._sections]
        index = msgspec.json.encode(_Index(sizes, msgspec.Raw(msgspec.json.encode(about))))
        self._append(index + b"\n%012d %s\n" % (len(index), _digest(index).encode()))
        self._file.replace(self._open)
        self._open = -1
        return self._sections

    def discard(self) -> None:
        """Forget it, unless it has been made the content already."""
        if self._open < 0:
            return
        os.close(self._open)
        self._open = -1
        with contextlib.suppress(OSError):
            self._file.draft_path.unlink(missing_ok=True)


def _write(target: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(target, rest) :]


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
