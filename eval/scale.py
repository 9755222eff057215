"""How the index grows: `python -m eval.scale 10000 100000 1000000`.

For each number of passages an index is built of articles made with a seed, opened and searched, and a row of one
Markdown table is printed. Vectors are given, not encoded, and drawn from topics, subtopics and languages: two random
passages of a language have a cosine of 0.10 (spread 0.07), a question and its passage 0.6. Among 3,300 of them a passage's
nearest neighbour has 0.36, where the encoder's has 0.55: lists find less here than among its vectors. Questions are
encoded by the embedded encoder too, so that a search takes what it takes, and then get the vector near a passage that
they are given. Recall is that of each language's nearest vectors against comparing all. Beyond `--texts` passages the
texts repeat, under other ids and with other vectors; an index larger than that is put together of copies, and its time
and memory are those of putting together. On a busy machine OMP_NUM_THREADS=1 keeps threads from waiting for each other.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from eval.metrics import percentile
from index import store
from index.dense import Dense
from index.embedder import load_embedder, unit_rows
from index.lexical import Lexical
from index.making import KEYS, LEXICAL, SHELF, SOURCES, VECTORS, WORDS
from index.normalise import fold
from index.shelf import Articles, Passages, Writer
from index.types import Embedder, TokenVectors
from index.wordtable import WordTable

LANGS = ("de", "en", "zh-Hans", "zh-Hant")
WORDS_EACH, SENTENCES, LENGTH, PARAGRAPHS, TOPICS, SUBTOPICS = 30_000, 5, 10, 10, 300, 9000  # of a language; a passage; words; an article
# Shares of a vector's square: its language, topic, subtopic; what is left is its own.
LANGUAGE, TOPIC, SUBTOPIC, ASKED = 0.1, 0.2, 0.25, 0.35
DECAY = 0.6  # axis i of the space has the variance (i + 1) ** -DECAY
_BLOCK = 8192
_FOLDED = [lang.casefold() for lang in LANGS]


class Space:
    """Vectors by number and language, each of a topic and a subtopic that the seed gives it."""

    def __init__(self, dim: int, seed: int) -> None:
        self._seed, self.dim = seed, dim
        rng = np.random.default_rng(seed)
        self._spread = ((np.arange(dim) + 1.0) ** -DECAY) ** 0.5
        self._langs, self._topics, self._subtopics = (self._drawn(rng, n) for n in (len(LANGS), TOPICS, SUBTOPICS))

    def _drawn(self, rng: np.random.Generator, rows: int) -> np.ndarray:
        return unit_rows(rng.standard_normal((rows, self.dim), dtype=np.float32) * self._spread)

    def rows(self, numbers: np.ndarray, langs: np.ndarray) -> np.ndarray:
        """(n, dim) the vectors of passages by number, in these languages."""
        out = np.empty((len(numbers), self.dim), np.float32)
        for i, number in enumerate(numbers.tolist()):
            rng = np.random.default_rng((self._seed, number))
            sub = int(rng.integers(SUBTOPICS))
            topic = self._topics[sub % TOPICS] * TOPIC**0.5 + self._subtopics[sub] * SUBTOPIC**0.5
            own = (1 - LANGUAGE - TOPIC - SUBTOPIC) ** 0.5
            out[i] = topic + self._langs[langs[i]] * LANGUAGE**0.5 + self._drawn(rng, 1)[0] * own
        return unit_rows(out)

    def asked(self, vectors: np.ndarray) -> np.ndarray:
        """Vectors of questions about passages with these vectors."""
        noise = self._drawn(np.random.default_rng(self._seed + 1), len(vectors))
        return unit_rows(vectors * ASKED**0.5 + noise * (1 - ASKED) ** 0.5)


class Given:
    """The embedded encoder's words and tokens with given vectors: a passage's by the hash of its text."""

    def __init__(self, real: Embedder, space: Space) -> None:
        self._real, self._space = real, space
        self.name, self.dim, self.max_tokens = "given", real.dim, real.max_tokens
        self.questions: dict[str, np.ndarray] = {}

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) the vectors given to these questions, after the encoder has read them."""
        self._real.encode_queries(texts)
        return np.stack([self.questions[text] for text in texts])

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) the vectors of these passages."""
        langs = np.array([_FOLDED.index(text.split("|", 2)[1]) for text in texts])
        return self._space.rows(np.array([zlib.crc32(text.encode()) for text in texts]), langs)

    def token_vectors(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Those of the encoder."""
        return self._real.token_vectors(texts)

    def count_tokens(self, text: str) -> int:
        """As the encoder counts."""
        return self._real.count_tokens(text)


def write_articles(folder: Path, passages: int, seed: int) -> None:
    """Articles of ten passages and about so many passages in all, in four languages, of words as frequent as 1 / rank."""
    rng = random.Random(seed)
    syllables = [a + b for a in "b d f g k l m n r s t w sch st tr".split() for b in "a e i o u au ei".split()]
    latin = ["".join(rng.choice(syllables) for _ in range(rng.choice((1, 2, 2, 3, 4)))) for _ in range(WORDS_EACH)]
    han = ["".join(chr(rng.randrange(0x4E00, 0x6E00)) for _ in range(rng.choice((1, 2, 2, 2, 3)))) for _ in range(WORDS_EACH)]
    shares = np.cumsum([1 / (rank + 1) for rank in range(WORDS_EACH)]).tolist()
    for number in range(-(-passages // PARAGRAPHS)):
        lang = LANGS[number % len(LANGS)]
        chinese = lang.startswith("zh")
        words = rng.choices(han if chinese else latin[:: 1 if lang == "de" else -1], cum_weights=shares, k=PARAGRAPHS * SENTENCES * LENGTH)
        joint, stop = ("", "。") if chinese else (" ", ". ")
        sentences = [joint.join(words[at : at + LENGTH]).capitalize() + stop for at in range(0, len(words), LENGTH)]
        text = "\n\n".join("".join(sentences[at : at + SENTENCES]) for at in range(0, len(sentences), SENTENCES))
        place = folder / f"{number % 100:02d}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{lang}-{number:06d}.txt").write_text(text, encoding="utf-8")
    entries = (
        f'[[article]]\nfile = "{p.relative_to(folder).as_posix()}"\nlanguage = "{p.stem[:-7]}"\n'
        f'title = "Article|{p.stem[:-7]}|{p.stem[-6:]}"\n' for p in sorted(folder.rglob("*.txt"))
    )
    (folder / "SOURCES.toml").write_text("\n".join(entries), encoding="utf-8")


class Copies:
    """The vectors of `copies` of an index, one after the other, as `Dense.write` takes them."""

    def __init__(self, space: Space, codes: np.ndarray, tags: Sequence[str], copies: int) -> None:
        self._space, self.codes = space, np.tile(codes, copies)
        self._langs = np.array([LANGS.index(tag) for tag in tags])
        self.shape = len(self.codes), space.dim

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        return self._space.rows(rows.astype(np.int64) + (1 << 32), self._langs[self.codes[rows]])


def copied(source: Path, folder: Path, copies: int, space: Space, embedder: Given) -> None:
    """An index in `folder` of so many copies of the one in `source`, with vectors of their own."""
    old = store.open_index(source, embedder)
    made = next(source.glob("data-*"))
    articles = Articles(made / SHELF)
    passages = Passages(made / SHELF, articles)
    lexical, words = Lexical.open(made / LEXICAL), WordTable.open(made / WORDS)
    data, count = folder / "data-copies", len(passages)
    with Writer(data / SHELF) as shelf:
        for copy in range(copies):
            for number, article in enumerate(old.articles.values()):
                again = replace(article, id=f"{copy:04d}/{article.id}")
                rows = articles.rows(number)
                shelf.add(again, passages[rows.start : rows.stop])
    vectors = Copies(space, passages.codes, passages.tags, copies)
    Dense.write(data / VECTORS, vectors, passages.tags, vectors.codes)
    np.save(data / KEYS, np.zeros((len(vectors), 2), np.uint64), allow_pickle=False)
    sources = [(lexical.postings, np.arange(count) + copy * count) for copy in range(copies)]
    Lexical.write(data / LEXICAL, sources, np.tile(lexical.lengths[:], copies))
    parts = [(0, count)] * copies + [(count, len(words))] * copies
    WordTable.write(data / WORDS, parts, embedder, words)
    (data / SOURCES).write_text('{"sources": {}, "articles": {}}', encoding="utf-8")
    store.swap(folder, data, len(vectors), embedder)


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of an index: seconds, megabytes, milliseconds; recall of the nearest 10 and 40 of a language."""

    passages: int
    texts: int
    build: float
    peak: float
    disk: float
    opened: float
    p50: float
    p99: float
    recall10: float
    recall40: float

    def __str__(self) -> str:
        return (
            f"| {self.passages:,} | {self.texts:,} | {self.build:.0f} | {self.passages / self.build:,.0f} | {self.peak:,.0f} | "
            f"{self.opened:.0f} | {self.p50:.1f} | {self.p99:.1f} | {self.recall10:.3f} | {self.recall40:.3f} | {self.disk:,.0f} |"
        )


HEAD = (
    "| passages | texts | build s | passages/s | peak MB | open ms | search p50 ms | p99 ms | recall@10 | recall@40 | MB on disk |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)


def _embedder(seed: int) -> tuple[Given, Space]:
    real = load_embedder()
    space = Space(real.dim, seed)
    return Given(real, space), space


def _built(folder: Path, passages: int, texts: int, seed: int, to) -> None:
    """In a process of its own, whose memory is that of the build: tells its seconds and its peak in MB."""
    embedder, space = _embedder(seed)
    begun = time.perf_counter()
    if passages <= texts:
        store.build(folder / "articles", folder / "index", embedder)
    else:
        copied(folder / "index", folder / f"copies-{passages}", passages // texts, space, embedder)
    taken = time.perf_counter() - begun
    status = Path("/proc/self/status").read_text(encoding="utf-8")  # ru_maxrss begins with the memory of the parent process
    to.send((taken, int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024))


def _in_process(*arguments) -> tuple[float, float]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=_built, args=(*arguments, theirs))
    child.start()
    theirs.close()
    try:
        return ours.recv()
    finally:
        child.join()


def measured(folder: Path, passages: int, texts: int, questions: int, seed: int) -> Row:
    """Builds an index of about so many passages in `folder` and measures it; one of `texts` lies there if it is larger."""
    if passages <= texts:
        write_articles(folder / "articles", passages, seed)
    build, peak = _in_process(folder, passages, texts, seed)
    place = folder / ("index" if passages <= texts else f"copies-{passages}")
    embedder, space = _embedder(seed)
    begun = time.perf_counter()
    index, opened = store.open_index(place, embedder), 1000 * (time.perf_counter() - begun)
    asked = list(_questions(index, questions, space, embedder, seed))
    for question in asked[1::2]:
        index.search(question)
    times = []
    for question in asked[::2]:
        begun = time.perf_counter()
        index.search(question)
        times.append(1000 * (time.perf_counter() - begun))
    recalls = recall(index, np.stack([embedder.questions[q] for q in asked[:: max(1, len(asked) // 50)]]))
    disk = sum(p.stat().st_size for p in place.rglob("*") if p.is_file()) / 1e6
    count = len(index.passages)
    return Row(count, count // max(1, passages // texts), build, peak, disk, opened, percentile(times, 50), percentile(times, 99), *recalls)


def _questions(index, number: int, space: Space, embedder: Given, seed: int) -> Iterator[str]:
    rows = np.sort(np.random.default_rng(seed).choice(len(index.passages), number, replace=False))
    for row, vector in zip(rows.tolist(), space.asked(index.dense[rows]), strict=True):
        text = index.passages[row].sentences[0].of(index.articles[index.passages[row].article_id].text)
        question = fold(text[:60].rsplit(" ", 1)[0].rstrip(".。"))
        embedder.questions[question] = vector
        yield question


def recall(index, vectors: np.ndarray) -> tuple[float, float]:
    """The shares of each language's nearest 10 and 40 that the search finds, on average."""
    exact = {}
    for tag in index.languages:
        begin, end = index.dense.places(tag)
        scores = np.concatenate([vectors @ index.dense.at(slice(a, min(end, a + _BLOCK))).T for a in range(begin, end, _BLOCK)], 1)
        exact[tag] = np.sort(scores, axis=1)[:, ::-1][:, :40]
    shares = {10: [], 40: []}
    for tag, best in exact.items():
        for vector, scores in zip(vectors, best, strict=True):
            found = np.array([score for _, score in index.dense.search_group(vector, 40, tag)])
            for k, kept in shares.items():
                kept.append(np.count_nonzero(found[:k] >= scores[:k][-1] - 1e-6) / len(scores[:k]))
    return tuple(float(np.mean(shares[k])) for k in (10, 40))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m eval.scale", description=__doc__.splitlines()[0])
    parser.add_argument("passages", type=int, nargs="+", help="sizes of the indexes")
    parser.add_argument("--texts", type=int, default=100_000, help="passages with texts of their own (100000)")
    parser.add_argument("--questions", type=int, default=200, help="of which every second is timed (200)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where the indexes are made and left (a temporary folder)")
    parser.add_argument("--json", action="store_true", help="the last row as JSON; the table to standard error")
    options = parser.parse_args(arguments)
    to = sys.stderr if options.json else sys.stdout
    print(HEAD, file=to, flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        for passages in sorted(options.passages):
            folder = (options.folder or Path(temporary)) / str(min(passages, options.texts))
            if passages > options.texts and not (folder / "index").exists():
                measured(folder, options.texts, options.texts, options.questions, options.seed)
            row = measured(folder, passages, options.texts, options.questions, options.seed)
            print(row, file=to, flush=True)
    sys.stdout.write(json.dumps(asdict(row)) + "\n" if options.json else "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
