"""The articles to index: the seeds, alone or among passages about other things, and 1 % of them changed.

`python -m eval.bench.corpora INDEX FOLDER` writes the passages and vectors of an index into a folder.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.dataset import Question, load, shipped
from eval.distractors import SEEDS, SOURCES, distractors
from eval.metrics import first_rank
from index.errors import UserError

# Beyond 18,000 passages the news end, and rows of manuals, parliament and documentation join them.
NEWS = 18_000
MANY = (
    ("en_de.tsv.xz", (
        "wmt_news2008_2020", "europarl20k", "docs_ms_exchange2013", "docs_d365projops", "docs_ms_dotnet_sxs", "docs_ms_sql",
        "docs_adobe_commerce-operations", "docs_d365smb", "docs_d365ops",
    )),
    ("en_zh-Hans.tsv.xz", (
        "newscommentary10k", "wmt_news2017_2021", "wmt_general2021_2024", "docs_ms_exchange2013", "docs_ms_dotnet_sxs",
        "docs_ms_sql", "docs_ms_vs", "docs_d365ops", "docs_adobe_commerce-operations",
    )),
)  # fmt: skip
STEP = 100  # every so many articles one changes


@dataclass(frozen=True, slots=True)
class Found:
    """A text that a system returned, as characters of an article."""

    article_id: str
    start: int
    end: int


def make(folder: Path, passages: int, corpus: Path | None) -> Path:
    """The folder of the seeds' .txt files and `passages` articles of one passage each, made once. UserError without
    a corpus to make them of."""
    whole = folder / "articles"
    if whole.is_dir():
        return whole
    partial = folder / f"articles.{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for path in SEEDS.glob("*.txt"):
        shutil.copy(path, partial)
    if passages:
        if corpus is None:
            raise UserError("more passages than the seeds need sentence pairs; give their folder: --corpus DIR")
        from index.embedder import load_embedder

        sources = SOURCES if passages <= NEWS else MANY
        for number, each in enumerate(distractors(corpus, passages, load_embedder(), sources)):
            (partial / f"distractor-{number:06d}-{each.lang}.txt").write_text(each.text, encoding="utf-8")
    partial.rename(whole)
    return whole


def change(articles: Path, mark: str) -> list[str]:
    """Appends a line to every `STEP`th article that is not a seed, or to one seed; returns their names."""
    names = sorted(p.name for p in articles.glob("distractor-*.txt"))[::STEP] or [min(p.name for p in articles.glob("*.txt"))]
    for name in names:
        with open(articles / name, "a", encoding="utf-8") as file:
            file.write(f"\nCorrected on {mark}.")
    return names


def restore(articles: Path, names: Iterable[str], mark: str) -> None:
    """Undoes `change`."""
    for name in names:
        text = (articles / name).read_text(encoding="utf-8")
        (articles / name).write_text(text.removesuffix(f"\nCorrected on {mark}."), encoding="utf-8")


def questions() -> list[Question]:
    """The development questions that the seeds answer, facts and languages mixed in an order that never changes."""
    asked = [q for q in load(shipped("dev")) if q.answerable]
    return random.Random(0).sample(asked, len(asked))


class Places:
    """Where in the seeds a text stands: systems cut and strip as they like, so white space does not count."""

    def __init__(self, articles: Path) -> None:
        self._articles = []
        for path in sorted(articles.glob("*.txt")):
            if not path.name.startswith("distractor-"):
                at = [(i, c) for i, c in enumerate(path.read_text(encoding="utf-8")) if not c.isspace()]
                self._articles.append((path.stem, "".join(c for _, c in at), [i for i, _ in at]))

    def of(self, text: str) -> Found:
        """The first place; one in no article for a text that is not of the seeds."""
        bare = "".join(text.split())
        for name, squeezed, at in self._articles:
            start = squeezed.find(bare) if bare else -1
            if start >= 0:
                return Found(name, at[start], at[start + len(bare) - 1] + 1)
        return Found("", 0, 0)

    def rank(self, texts: Sequence[str], question: Question) -> int | None:
        """The 1-based rank of the first text that covers half of a gold span (`eval.metrics.places`), or None."""
        return first_rank((self.of(text) for text in texts), question.gold)


def export(index: Path, folder: Path) -> int:
    """The passages of an index of ours as `passages.jsonl` and their vectors as `vectors.npy`, for others to fill in;
    how many there are."""
    import numpy as np

    from index import manifest
    from index.dense import Dense
    from index.embedder import load_embedder
    from index.making import VECTORS
    from index.store import open_index

    opened = open_index(index, load_embedder())
    dense = Dense.open(index / manifest.read(index)["data"] / VECTORS)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "passages.jsonl", "w", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": p.text}, ensure_ascii=False) + "\n" for p in opened.passages)
    np.save(folder / "vectors.npy", dense[np.arange(len(dense))], allow_pickle=False)
    return len(opened.passages)


if __name__ == "__main__":
    print(json.dumps({"passages": export(Path(sys.argv[1]), Path(sys.argv[2]))}))
