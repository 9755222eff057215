"""Article files in: what of a folder is read, in which format, under which id."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from index import files, formats
from index.errors import ArticleUnreadable, UserError
from index.formats import Parsed, Raw
from index.formats.sandbox import Sandbox
from index.keep import date, keep_spans, title
from index.languages import detect
from index.normalise import fold
from index.types import Article, Span

VERSION = 3
SOURCES = "SOURCES.toml"
MAX_CHARACTERS = 16 << 20  # of one article: thirty thick books
_TOLD = 20  # problems of one file that are named one by one
_SAMPLE = 100_000  # characters by which a language is told
_NO_TEXT = re.compile("[\ud800-\udfff\0]")  # what no file of text holds; a parser may bring it


@dataclass(frozen=True, slots=True)
class Problem:
    """An article that was left out, and why, in one line."""

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class File:
    """A file of articles: its path below the folder, in posix form, and what `SOURCES.toml` says of it.

    `digest` changes whenever the articles read from it might: with its bytes, its entry, and the reader's version.
    """

    name: str
    path: Path
    source: dict[str, str]
    sha256: str
    digest: str

    @property
    def id(self) -> str:
        """The name without its ending."""
        return self.name.removesuffix(self.path.suffix)


def read_articles(folder: Path) -> tuple[list[Article], list[Problem]]:
    """Every readable article of `folder`, by file name, and the problems of what was left out.

    UserError if the folder is missing or SOURCES.toml is broken.
    """
    there, problems = scan(folder)
    articles: list[Article] = []
    with Sandbox() as sandbox:
        for _, found, missed, _ in collect(there, lambda file: read_file(file, sandbox)):
            articles += found
            problems += missed
    return articles, problems


def collect(
    there: Iterable[File], read: Callable[[File], tuple[list[Article], list[Problem]]]
) -> Iterator[tuple[File, list[Article], list[Problem], bool]]:
    """Each file with its articles and problems; of articles with one id the first is kept and the others are problems.

    The last item says whether the file lost an article that way.
    """
    taken: dict[str, str] = {}
    for file in there:
        found, problems = read(file)
        kept, own = [], set()
        for article in found:
            first = taken.setdefault(article.id, file.name)
            if first == file.name and article.id not in own:
                kept.append(article)
                own.add(article.id)
            else:
                message = f"{file.name}: has the same name as {first} ({article.id}); rename one of them"
                problems = [*problems, Problem(file.name, message)]
        yield file, kept, problems, len(kept) < len(found)


def scan(folder: Path) -> tuple[list[File], list[Problem]]:
    """The files of `folder` and its subfolders in a format that is read, hidden ones aside, by name.

    `SOURCES.toml`, if there, gives title, publisher, date and language by file name; what it does not say is found
    in the text. UserError if the folder is missing or SOURCES.toml is broken.
    """
    if not folder.is_dir():
        raise UserError(f"no folder {folder}; name the folder of your articles: crosscite build --seeds DIR")
    sources = _read_sources(folder / SOURCES)
    found: list[File] = []
    problems: list[Problem] = []
    for path in sorted(_walk(folder, folder.resolve(), problems), key=lambda p: p.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix()
        try:
            if (shown := formats.escaped(name)) != name:
                raise ArticleUnreadable(f"{shown}: its name holds control characters or is not in UTF-8; rename it")
            formats.check_size(name, path.stat().st_size)
            sha256 = files.sha256(path)
        except OSError as error:
            problems.append(Problem(name, f"{name}: cannot be read ({error.strerror})"))
            continue
        except ArticleUnreadable as error:
            problems.append(Problem(shown, str(error)))
            continue
        source = sources.get(name, {})
        digest = hashlib.sha256(json.dumps([VERSION, sha256, sorted(source.items())]).encode()).hexdigest()
        found.append(File(name, path, source, sha256, digest))
    listed = {file.name for file in found}
    problems += [Problem(n, f"{n}: listed in {SOURCES} but not in {folder}") for n in sources if n not in listed]
    return found, problems


def read_file(file: File, sandbox: Sandbox) -> tuple[list[Article], list[Problem]]:
    """The articles of one file and the problems of what it holds besides; one that cannot be read is a problem."""
    expected = file.source.get("sha256", file.sha256)
    try:
        if expected != file.sha256:
            raise ArticleUnreadable(
                f"{file.name}: not the file that {SOURCES} describes (sha256 {file.sha256[:12]}..., expected "
                f"{expected[:12]}...); restore it or update {SOURCES}"
            )
        parsed = _parse(file, sandbox)
        if files.sha256(file.path) != file.sha256:
            raise ArticleUnreadable(f"{file.name}: changed while it was read; build again: crosscite build")
    except ArticleUnreadable as error:
        return [], [Problem(file.name, str(error))]
    except OSError as error:
        return [], [Problem(file.name, f"{file.name}: cannot be read ({error.strerror})")]
    articles, problems = [], [Problem(file.name, message) for message in parsed.problems]
    for raw in parsed.raws:
        try:
            articles.append(_article(file, raw))
        except ArticleUnreadable as error:
            problems.append(Problem(file.name, str(error)))
    if len(problems) > _TOLD:
        more = Problem(file.name, f"{file.name}: and {len(problems) - _TOLD:,} more like these were left out")
        problems = [*problems[:_TOLD], more]
    return articles, problems


def read_article(path: Path) -> Article:
    """The only article of the file at `path`, as `read_file`; ArticleUnreadable if it cannot be read or holds several."""
    try:
        file = File(path.name, path, {}, files.sha256(path), "")
    except OSError as error:
        raise ArticleUnreadable(f"{path.name}: cannot be read ({error.strerror})") from error
    with Sandbox() as sandbox:
        articles, problems = read_file(file, sandbox)
    if len(articles) != 1:
        raise ArticleUnreadable(problems[0].message if problems else f"{path.name}: holds {len(articles)} articles")
    return articles[0]


def _walk(folder: Path, root: Path, problems: list[Problem]) -> Iterator[Path]:
    try:
        there = sorted(folder.iterdir())
    except OSError as error:
        name = formats.escaped(folder.name)
        problems.append(Problem(name, f"{name}/: cannot be read ({error.strerror})"))
        return
    for path in there:
        if path.name.startswith("."):
            continue
        if path.is_symlink() and not _leads_inside(path, root):
            name = formats.escaped(path.name)
            problems.append(Problem(name, f"{name}: is a link that leads out of the folder"))
        elif path.is_dir() and not path.is_symlink():
            if not (path / "manifest.json").exists():  # an index of ours holds copies of the articles
                yield from _walk(path, root, problems)
        elif formats.kind(path.name):
            if path.exists() and not path.is_file():
                problems.append(Problem(path.name, f"{path.name}: is no regular file"))
            else:
                yield path


def _leads_inside(link: Path, root: Path) -> bool:
    try:
        return link.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a link to itself
        return False


def _parse(file: File, sandbox: Sandbox) -> Parsed:
    if formats.kind(file.name) in formats.RISKY:
        return sandbox.read(file.name, file.path)
    try:
        return formats.read(file.name, formats.read_bytes(file.name, file.path))
    except OSError as error:
        raise ArticleUnreadable(f"{file.name}: cannot be read ({error.strerror})") from error


def _article(file: File, raw: Raw) -> Article:
    text = _NO_TEXT.sub("\ufffd", raw.text) if raw.cleaned else raw.text
    where = f"{file.name}/{raw.name}" if raw.name else file.name
    if len(text) > MAX_CHARACTERS:
        most = f"at most {MAX_CHARACTERS:,} are read as one article"
        raise ArticleUnreadable(f"{where}: has {len(text):,} characters, {most}; split it")
    if not any(fold(text[at : at + _SAMPLE]) for at in range(0, len(text), _SAMPLE)):
        raise ArticleUnreadable(f"{where}: is empty")
    start = len(text) - len(text.lstrip())
    keep = (Span(start, len(text.rstrip())),) if raw.cleaned else keep_spans(text)
    about = file.source if not raw.name else {}
    return Article(
        id=f"{file.id}/{raw.name}" if raw.name else file.id,
        lang=about.get("language") or raw.lang or detect("\n".join(span.of(text) for span in keep)[:_SAMPLE]),
        title=about.get("title") or _line(raw.title) or _line(title(text, keep)),
        text=text,
        keep=keep,
        date=about.get("date", raw.date or date(text)) or None,
        publisher=about.get("publisher") or _line(raw.publisher) or None,
        sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() if raw.name else file.sha256,
        pages=raw.pages,
        file=file.name,
    )


def _line(text: str | None) -> str:
    return " ".join(formats.harmless(text or "", " ").split())


def _read_sources(path: Path) -> dict[str, dict[str, str]]:
    if not path.is_file():
        return {}
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8"))["article"]
        return {e["file"]: {k: str(v) for k, v in e.items()} for e in entries}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise UserError(f"{path}: expected [[article]] tables with a file each ({error})") from error
