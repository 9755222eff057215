"""BM25 over words, CJK bigrams, Latin subword grams and quantities."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from threading import Lock

import numpy as np

from index import maxscore
from index.errors import IndexCorrupt
from index.files import Array, Checks, Growing, array
from index.languages import STOP_WORDS
from index.normalise import fold
from index.postings import Blocks, Postings, key, merged
from index.quantities import terms as quantity_terms

VERSION = 4

_NO_SPACES = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer: marks among the letters
_MARKS = r"\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0962\u0963"
_LETTER = rf"[^\W_\u3400-\u9fff{_NO_SPACES}]"
_RUN = re.compile(rf"[\u3400-\u9fff]+|[{_NO_SPACES}]+|(?:{_LETTER}[{_MARKS}]*)+(?:['’][^\W\d_]+)?")
_SPACELESS = re.compile(rf"[{_NO_SPACES}]")
_VOWELS = re.compile(r"[\u0591-\u05c7\u064b-\u065f\u0670]")  # points of Hebrew and Arabic, written or not
_CLUSTER = re.compile(r"[^\W_][^\w\s]*")
_GRAM = 5


def terms(text: str, lang: str) -> list[str]:
    """The index terms of `text`, with repetitions: word stems, `_`-marked 5-grams of longer Latin words (they find
    parts of German compounds), Han characters and bigrams, threes of letters (with their marks) of other scripts without
    spaces, and canonical quantities (`#2E+11`)."""
    out = quantity_terms(text, lang)
    for run in _RUN.findall(_VOWELS.sub("", fold(text))):
        if "\u3400" <= run[0] <= "\u9fff":
            out += [c for c in run if c not in STOP_WORDS]
            out += [run[i : i + 2] for i in range(len(run) - 1) if run[i : i + 2] not in STOP_WORDS]
        elif _SPACELESS.match(run):
            clusters = _CLUSTER.findall(run)
            out += ["".join(clusters[i : i + 3]) for i in range(max(1, len(clusters) - 2)) if clusters]
        elif run not in STOP_WORDS:
            out.append(_stem(run, "german" if lang.startswith("de") else "english"))
            if len(run) > _GRAM and run.isalpha():
                out += dict.fromkeys(f"_{run[i : i + _GRAM]}" for i in range(len(run) - _GRAM + 1))
    return out


def stems_of(word: str) -> tuple[str, ...]:
    """The terms that a folded Latin word may have become, by the language of the text."""
    return tuple(dict.fromkeys(_stem(word, language) for language in ("english", "german")))


# Words that neither stemmer changes, by their ending and for want of a spelled-out umlaut: most of the pinyin that names
# in a Chinese question may be spelled in, which took a third of a search's time.
_WHOLE = re.compile(r"(?!.*[aou]e)[a-z]{2,}(?:[aou]|[^lgct]i|an|[aeo]ng)")


_STEMMING = Lock()  # a stemmer works on a state of its own


@cache
def _stem(word: str, language: str) -> str:
    if _WHOLE.fullmatch(word):
        return word
    with _STEMMING:
        return _stemmer(language).stemWord(word)


@cache
def _stemmer(language: str):
    import snowballstemmer

    return snowballstemmer.stemmer(language)


_ARRAYS = ("keys", "begins", "places", "counts", "weights", "most", "lengths", "order")
_GROUPS = "groups.json"


class Lexical:
    """A BM25 index over passages, group by group: the passages of a language are a run of places.

    `postings` hold the places of every term, `weights` what each adds to its row's score and `most` the greatest of a
    term's; `lengths` (n,) are the numbers of terms the rows have. `order` (n, 2) gives for i the row at place i and the
    place of row i, `groups` a tag's first place and the place after its last; rows of a group stand in their order.
    """

    def __init__(
        self, postings: Postings, weights: Array, most: Array, lengths: Array, order: Array,
        groups: Mapping[str, Sequence[int]],
    ) -> None:
        self.postings, self._weights, self._most, self.lengths = postings, weights, most, lengths
        self._order, self._groups = order, groups
        self._keys, self._begins = postings.keys[:], postings.begins[:]

    @classmethod
    def build(
        cls, documents: Sequence[Sequence[str]], tags: Sequence[str] = ("",), codes: np.ndarray | None = None
    ) -> Lexical:
        """From the terms of each passage, in row order, row i in group `tags[codes[i]]`; a passage may have none."""
        blocks = Blocks()
        for row, document in enumerate(documents):
            blocks.add(row, document)
        blocks.end()
        lengths = np.array([len(document) for document in documents], np.int32)
        order, groups = _arranged(tags, np.zeros(len(documents), int) if codes is None else codes)
        parts = list(merged([(block, order[:, 1]) for block in blocks.done], lengths[order[:, 0]]))
        empty = [np.zeros(0, t) for t in (np.uint64, np.int64, np.int32, np.uint16, np.float32, np.float32)]
        keys, sizes, places, counts, weights, most = map(np.concatenate, zip(empty, *parts, strict=True))
        postings = Postings(keys, np.append(0, np.cumsum(sizes)), places, counts)
        return cls(postings, weights, most, lengths, order, groups)

    @classmethod
    def write(
        cls, folder: Path, sources: Sequence[tuple[Postings, np.ndarray | None]], lengths: np.ndarray, tags: Sequence[str],
        codes: np.ndarray,
    ) -> None:
        """As `build`, into the folder, a part in memory at a time. A source's second item gives the row of each of its
        places, -1 for one that is left out; without it they are rows."""
        folder.mkdir(parents=True, exist_ok=True)
        order, groups = _arranged(tags, codes)
        placed = [(s, order[:, 1] if rows is None else np.where(rows < 0, -1, order[:, 1][rows])) for s, rows in sources]
        keys, sizes, most = [np.zeros(0, np.uint64)], [np.zeros(1, np.int64)], [np.zeros(0, np.float32)]
        with (
            Growing(folder / "places.npy", np.int32) as places, Growing(folder / "counts.npy", np.uint16) as counts,
            Growing(folder / "weights.npy", np.float32) as weights,
        ):
            for some, size, *columns, greatest in merged(placed, lengths[order[:, 0]]):
                keys.append(some)
                sizes.append(size)
                most.append(greatest)
                for file, values in zip((places, counts, weights), columns, strict=True):
                    file.add(values)
        rest = {
            "keys": np.concatenate(keys), "begins": np.cumsum(np.concatenate(sizes)), "most": np.concatenate(most),
            "lengths": lengths, "order": order,
        }
        for name, values in rest.items():
            np.save(folder / f"{name}.npy", values, allow_pickle=False)
        (folder / _GROUPS).write_text(json.dumps(groups), encoding="utf-8")

    @classmethod
    def open(cls, folder: Path, checks: Checks | None = None) -> Lexical:
        """The index saved in `folder`, mapped into memory."""
        try:
            groups = json.loads((folder / _GROUPS).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise IndexCorrupt(f"{folder.name}/ cannot be read; rebuild: crosscite build") from error
        keys, begins, places, counts, *rest = (array(folder / f"{name}.npy", checks) for name in _ARRAYS)
        return cls(Postings(keys, begins, places, counts), *rest, groups)

    def source(self, rows: np.ndarray) -> tuple[Postings, np.ndarray]:
        """This index as `write` takes it: its row i is `rows[i]` there, -1 if it is left out."""
        return self.postings, rows[self._order[:][:, 0]]

    def __len__(self) -> int:
        return len(self.lengths)

    def __contains__(self, term: str) -> bool:
        """True if any passage has the term."""
        return bool(self.known([term]))

    def having(self, term: str, rows: Sequence[int]) -> np.ndarray:
        """(len(rows),) True where the row has the term; rows behind the last have none."""
        return self._having([term], rows)[0]

    def _having(self, terms: Sequence[str], rows: Sequence[int]) -> list[np.ndarray]:
        rows = np.asarray(rows, dtype=np.int64)
        places = np.full(len(rows), -1, np.int32)
        places[rows < len(self)] = self._order[rows[rows < len(self)]][:, 1]
        return [_in(places, self._run(c)) if c >= 0 else np.zeros(len(rows), bool) for c in self._columns(terms).tolist()]

    def _run(self, column: int) -> np.ndarray:
        """The places that have a term, ascending."""
        return self.postings.places[self._begins[column] : self._begins[column + 1]]

    def _columns(self, terms: Sequence[str]) -> np.ndarray:
        """(n,) the number of each term, -1 for one that no passage has."""
        wanted = np.array([key(t) for t in terms], np.uint64)
        if not len(self._keys):
            return np.full(len(wanted), -1)
        found = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        return np.where(self._keys[found] == wanted, found, -1)

    def known(self, query_terms: Sequence[str]) -> list[str]:
        """Those of the terms that any passage has, without repetitions, in order."""
        terms = list(dict.fromkeys(query_terms))
        return [t for t, column in zip(terms, self._columns(terms).tolist(), strict=True) if column >= 0]

    def matched(self, query_terms: Sequence[str], rows: Sequence[int]) -> list[tuple[str, ...]]:
        """For each of the rows those of the terms that it has, in order, without repetitions."""
        known = self.known(query_terms)
        held = [having.tolist() for having in self._having(known, rows)]
        return [tuple(t for t, having in zip(known, held, strict=True) if having[i]) for i in range(len(rows))]

    def search(
        self, query_terms: Sequence[str], k: int, among: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """The `k` rows with the highest BM25 sums as (row, score), best first, ties by row; rows with 0 are left out.

        `among` limits the search to these rows. All postings of the terms are added up.
        """
        sums = np.zeros(len(self), dtype=np.float32)
        for column in self._asked(query_terms):
            np.add.at(sums, self._run(column), self._weights[self._begins[column] : self._begins[column + 1]])
        rows = np.arange(len(self)) if among is None else np.asarray(among, dtype=np.int64)
        own = sums[self._order[rows][:, 1]]
        order = np.lexsort((rows, -own))[: max(0, k)]
        return [(int(rows[i]), float(own[i])) for i in order if own[i] > 0]

    def search_groups(self, query_terms: Sequence[str], k: int, tags: Sequence[str]) -> list[list[tuple[int, float]]]:
        """`search` among the rows of each group, without adding up what cannot matter; KeyError if there is no such group."""
        edges = [self._groups[tag] for tag in tags]
        cuts = np.array(edges, np.int32)
        runs: list[list[maxscore.Run]] = [[] for _ in tags]
        for column in self._asked(query_terms) if k > 0 else ():
            places, begin, most = self._run(column), self._begins[column], float(self._most[column : column + 1][0])
            for own, (first, last) in zip(runs, np.searchsorted(places, cuts).tolist(), strict=True):
                if last > first:
                    own.append(maxscore.Run(places[first:last], self._weights[begin + first : begin + last], most))
        found = [maxscore.best(own, *edge, k) for own, edge in zip(runs, edges, strict=True)]
        return [list(zip(self._order[places][:, 0].tolist(), sums.tolist(), strict=True)) for places, sums in found]

    def _asked(self, query_terms: Sequence[str]) -> list[int]:
        """The columns of the terms that any passage has, in order, without repetitions."""
        return [c for c in self._columns(list(dict.fromkeys(query_terms))).tolist() if c >= 0]


def _arranged(tags: Sequence[str], codes: np.ndarray) -> tuple[np.ndarray, dict[str, list[int]]]:
    """`order` and `groups`, as `Lexical` takes them."""
    order = np.zeros((len(codes), 2), np.int32)
    order[:, 0] = np.argsort(codes, kind="stable")
    order[order[:, 0], 1] = np.arange(len(codes), dtype=np.int32)
    edges = [0, *np.cumsum(np.bincount(codes, minlength=len(tags))).tolist()]
    return order, {tag: list(edge) for tag, edge in zip(tags, pairwise(edges), strict=True)}


def _in(some: np.ndarray, ascending: np.ndarray) -> np.ndarray:
    """(n,) True for those of `some` that are in `ascending`, which is not empty."""
    return ascending[np.minimum(np.searchsorted(ascending, some), len(ascending) - 1)] == some
