"""ZIP archives: every article inside, read in memory; nothing is unpacked to disk."""

from __future__ import annotations

import io
import lzma
import stat
import zipfile
import zlib
from dataclasses import replace
from pathlib import PurePosixPath

from index import formats
from index.errors import ArticleUnreadable
from index.formats import Parsed, escaped, harmless

_MAX_MEMBERS = 100_000
_MAX_TOTAL = 256 << 20  # bytes, unpacked
_MAX_RATIO = 200  # of a member's size to its packed size; text packs 3 to 10 times, a bomb 1,000 times


def read(name: str, data: bytes) -> Parsed:
    """The articles of all members whose ending is known; the others are named as left out."""
    parsed = Parsed()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_sizes(name, archive)
            for member in sorted(archive.infolist(), key=lambda m: m.filename):
                path = PurePosixPath(_name(member).replace("\\", "/"))
                if member.is_dir() or any(p.startswith((".", "__MACOSX")) and p != ".." for p in path.parts):
                    continue
                where = f"{name}/{escaped(str(path))}"
                try:
                    _add(parsed, archive, member, path, where)
                except ArticleUnreadable as error:
                    parsed.problems.append(str(error))
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ArticleUnreadable(f"{name}: is no ZIP archive that can be read ({error})") from error
    if not parsed.raws and not parsed.problems:
        raise ArticleUnreadable(f"{name}: holds no article")
    return parsed


def check_sizes(name: str, archive: zipfile.ZipFile) -> None:
    """ArticleUnreadable if the archive says that it unpacks to more than a person's articles would."""
    members = archive.infolist()
    if len(members) > _MAX_MEMBERS:
        raise ArticleUnreadable(f"{name}: has {len(members):,} members, at most {_MAX_MEMBERS:,} are read; split it")
    ends = 0
    for m in sorted(members, key=lambda m: m.header_offset):
        if m.header_offset < ends:
            raise ArticleUnreadable(f"{name}: {escaped(m.filename)} lies over another member, like in a ZIP bomb")
        ends = m.header_offset + m.compress_size
    total = sum(m.file_size for m in members)
    if total > _MAX_TOTAL:
        raise ArticleUnreadable(f"{name}: unpacks to {total >> 20:,} MB, at most {_MAX_TOTAL >> 20:,} are read; split it")
    for m in members:
        if m.file_size > 1 << 20 and m.file_size > _MAX_RATIO * max(1, m.compress_size):
            raise ArticleUnreadable(f"{name}: {escaped(m.filename)} is packed {_MAX_RATIO} times and more, like a ZIP bomb")


def _add(parsed: Parsed, archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: PurePosixPath, where: str) -> None:
    if harmless(str(path)) != str(path):
        raise ArticleUnreadable(f"{where}: its name holds control characters; rename it")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise ArticleUnreadable(f"{where}: is a link and no file")
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise ArticleUnreadable(f"{where}: its name leads out of the archive")
    reader = formats.kind(path.name)
    if reader is None:
        return
    if reader == "archive":
        raise ArticleUnreadable(f"{where}: is an archive inside an archive; unpack it")
    if member.flag_bits & 1:
        raise ArticleUnreadable(f"{where}: is encrypted; pack it without a password")
    try:
        with archive.open(member) as file:
            data = file.read(formats.MAX_BYTES + 1)  # what it says of its size may be a lie
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, NotImplementedError) as error:
        raise ArticleUnreadable(f"{where}: is damaged ({error})") from error
    found = formats.read(where, data)
    inner = str(path.with_suffix(""))
    parsed.raws.extend(replace(r, name=f"{inner}/{r.name}" if r.name else inner) for r in found.raws)
    parsed.problems.extend(found.problems)


def _name(member: zipfile.ZipInfo) -> str:
    """The member's name; where it is not marked as UTF-8 the bytes are tried as UTF-8, then as gb18030."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        raw = member.filename.encode("cp437")
    except UnicodeEncodeError:
        return member.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename
