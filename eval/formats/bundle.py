"""What is imported, how it is written as a folder of articles and a question file, and reading shared by the formats."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from eval.dataset import Gold, Question, dumps, load
from index.articles import read_articles
from index.errors import UserError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Source:
    """An article of another collection: `id` will be its file's name, `text` what the file holds."""

    id: str
    lang: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """Questions and the articles they are about; no articles where the format has none, or they are at hand already."""

    questions: tuple[Question, ...]
    sources: tuple[Source, ...] = ()


def write(bundle: Bundle, folder: Path) -> Path:
    """Writes `folder/questions.jsonl` and, if there are any, `folder/articles/` with a SOURCES.toml; the question file's path.

    Gold spans are given their quotes and read back against the articles. UserError if a file is in the way or an article
    reads differently on disk.
    """
    path = folder / "questions.jsonl"
    if path.exists():
        raise UserError(f"{path} is there already; import into another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if bundle.sources:
            _write_sources(bundle.sources, folder / "articles")
        path.write_text(dumps(_quoted(bundle)), encoding="utf-8", newline="\n")
    except OSError as error:
        raise UserError(f"cannot write in {folder}: {error.strerror}") from error
    load(path, read_articles(folder / "articles")[0] if bundle.sources else None)
    return path


def file_name(name: str, taken: set[str]) -> str:
    """`name` as the name of a file on any system, different from those `taken`, to which it is added."""
    plain = re.sub(r"[^\w.-]+", "_", name).strip("._") or "article"
    unique, number = plain[:80], 2
    while unique.casefold() in taken:
        unique, number = f"{plain[:80]}-{number}", number + 1
    taken.add(unique.casefold())
    return unique


def one_newline(text: str, *offsets: int) -> tuple[str, list[int]]:
    """`text` as it reads from a file, line ends being `\\n`, and where `offsets` lie in it."""
    return _unix(text), [len(_unix(text[:at])) for at in offsets]


def rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The JSON objects of a JSONL file with the numbers of their lines; gzip if the name ends in `.gz`."""
    for number, line in enumerate(read(path).split("\n"), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise UserError(f"{path}, line {number}: not JSON ({error.msg} at column {error.colno})") from error
            if not isinstance(row, dict):
                raise UserError(f"{path}, line {number}: expected an object, got {type(row).__name__}")
            yield number, row


def read(path: Path) -> str:
    """The text of a file."""
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start})") from error


def field(row: Any, key: str, kind: type[T], where: str) -> T:
    """`row[key]`, which must be a `kind`; UserError says `where` it is not."""
    if not isinstance(row, dict) or not isinstance(row.get(key), kind):
        got = type(row.get(key)).__name__ if isinstance(row, dict) and key in row else "nothing"
        raise UserError(f"{where}: {key!r} must be {kind.__name__}, got {got}")
    return row[key]


def language(text: str, known: str | None = None) -> str:
    """`known` if given, with the script where it only says Chinese; else what `text` is written in."""
    from index.languages import chinese_script, detect

    if known:
        return chinese_script(text) if known in ("zh", "zh-CN", "zh-TW", "cmn") else known
    found = detect(text)
    return "en" if found == "und" else found


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _write_sources(sources: Sequence[Source], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    lines = []
    for source in sources:
        (folder / f"{source.id}.txt").write_text(source.text, encoding="utf-8", newline="\n")
        entry = {"file": f"{source.id}.txt", "title": source.title, "language": source.lang}
        lines += ["[[article]]", *(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items()), ""]
    (folder / "SOURCES.toml").write_text("\n".join(lines), encoding="utf-8", newline="\n")


def _quoted(bundle: Bundle) -> Iterator[Question]:
    texts = {source.id: source.text for source in bundle.sources}

    def quote(gold: Gold) -> Gold:
        return replace(gold, quote=texts[gold.article_id][gold.start : gold.end]) if gold.article_id in texts else gold

    for question in bundle.questions:
        yield replace(question, gold=tuple(map(quote, question.gold)))
