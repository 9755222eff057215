"""Questions, the sentence that answers each, and sentences that do not: what the reader of `index.training.reader` learns from."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from index.embedder import StaticEmbedder
from index.normalise import fold
from index.training import data as corpus
from index.training.asked import lines as translations
from index.training.holes import Holes, han_names
from index.training.retrieve import ENDS, Switch
from index.training.written import Written

NEAR = 24  # sentences like the question by their static vectors, of a random quarter of all
MOST = {"twlaw": 5000, "tatoeba": 2500, "tatoeba_pivot": 2500}  # questions with a hole made of a set, at most
DOCS, OTHERS = 500, 9000  # of a set of documentation, of any other
SHORTEST, LONGEST = 12, 400  # characters of a sentence that answers
_BLOCK = 512
RAGGED = ("sentence", "question", "switched", "spoilt", "beside")


@dataclass(frozen=True)
class Asked:
    """A question, the number of the sentence that answers it (-1 for none), the answer, and those around it that do not
    answer. `made` says that it is a sentence with a hole, `also` are sentences that may answer too, `tempts` is one that seems to."""

    question: str
    gold: int
    answer: str
    beside: tuple[int, ...]
    lang: str
    made: bool
    also: tuple[int, ...] = ()
    tempts: int = -1


class Sentences:
    """Sentences by number, each once, and the numbers of the one that stood before each and of its title (-1 for none)."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.before: list[int] = []
        self.title: list[int] = []
        self._numbers: dict[str, int] = {}

    def add(self, text: str, before: int = -1, title: int = -1) -> int:
        """The number of `text`, which is new or known."""
        text = text.strip()
        number = self._numbers.setdefault(text, len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
            self.before.append(-1)
            self.title.append(title)
        if before not in (-1, number) and self.before[number] < 0:
            self.before[number] = before
        return number


def answered(data: Path, ban: set[str], sentences: Sentences) -> Iterator[Asked]:
    """The QA sets, and their questions' translations: the sentence of a context in which the answer starts, the others beside it."""
    translated, _ = translations()
    for path in sorted((data / "qa").glob("*.jsonl.xz")):
        single = path.name.startswith("qamr")  # whose contexts are sentences already
        documents: dict[str, list[int]] = {}
        found = []
        with lzma.open(path, "rt", encoding="utf-8") as file:
            for place, row in enumerate(map(json.loads, file)):
                context = row["context"]
                if not row["answers"] or corpus.any_in(ban, (row["question"], context)):
                    continue
                answer = row["answers"][0]
                bounds = [0, *([] if single else [m.end() for m in ENDS.finditer(context)]), len(context)]
                spans = [(a, b) for a, b in pairwise(bounds) if context[a:b].strip()]
                at = next((i for i, (a, b) in enumerate(spans) if a <= answer["start"] < b), None)
                if at is None or not context.startswith(answer["text"], answer["start"]):
                    continue
                numbers = [-1]
                for a, b in spans:
                    numbers.append(sentences.add(context[a:b], numbers[-1]))
                key = ":".join(str(row.get("id", "")).split(":")[:4]) if single else context
                documents.setdefault(key, []).extend(numbers[1:])
                others = translated[path.name.removesuffix(".jsonl.xz")].get(place, [])
                asks = [(path.name.split(".")[1], row["question"]), *(pair for other in others for pair in other.items())]
                found += [(lang, question, numbers[1 + at], answer["text"], key) for lang, question in asks]
        for lang, question, gold, answer, key in found:
            beside = tuple(sorted({n for n in documents[key] if n != gold})[:60])
            yield Asked(question, gold, answer, beside, lang, made=False)


def with_holes(
    data: Path, ban: set[str], sentences: Sentences, holes: Holes, rng: np.random.Generator, scale: float
) -> Iterator[Asked]:
    """A hole in one side of an aligned pair asks for the other side; the rows around it are beside."""
    for name in sorted(p.name.removesuffix(".tsv.xz") for p in (data / "pairs").glob("*.tsv.xz")):
        langs = name.split("_")
        for source, rows in groupby(corpus.read_pairs(data, name), key=lambda r: r[2]):
            block = [(a, b) for a, b, _ in rows]
            most = MOST.get(source, DOCS if source.startswith(("docs_", "ms")) else OTHERS)
            for row in sorted(rng.permutation(len(block))[: max(1, int(scale * most))].tolist()):
                side = int(rng.integers(2))
                text, other = block[row][side], block[row][1 - side]
                if not SHORTEST <= len(other) <= LONGEST or corpus.any_in(ban, block[row]):
                    continue
                asked = holes.ask(text, langs[side])
                if asked is None:
                    continue
                around = [block[n][1 - side] for n in (row - 1, row - 2, row + 1, row + 2) if 0 <= n < len(block)]
                beside = [sentences.add(t) for t in around if len(t) <= LONGEST and t.strip() != other.strip()]
                gold = sentences.add(other, beside[0] if row and beside else -1)
                answer = asked[1] if asked[1] in other else ""
                yield Asked(asked[0], gold, answer, tuple(n for n in beside if n != gold), langs[side], made=True)


def of_articles(articles: Iterable[Written], sentences: Sentences) -> Iterator[Asked]:
    """The questions of articles written for this, each in every language it has; beside are the article's other sentences."""
    for article in articles:
        title, numbers = sentences.add(article.title), [-1]
        for text in article.sentences:
            numbers.append(sentences.add(text, numbers[-1], title))
        for fact in article.facts:
            golds = [numbers[1 + place] for place in fact.golds]
            beside = tuple(n for n in numbers[1:] if n not in golds)
            gold, tempts = golds[0] if golds else -1, -1 if fact.near is None else numbers[1 + fact.near]
            for lang, question in fact.questions.items():
                yield Asked(question, gold, fact.answer, beside, lang, made=False, also=(*golds, title), tempts=tempts)


def build(
    data: Path, folder: Path, benchmarks: Path | None, out: Path, scale: float = 1.0, seed: int = 0
) -> None:
    """Writes the questions of the corpus in `data` to `out`, as `Lists` of `index.training.reader` reads them; `folder` is an
    exported encoder."""
    rng = np.random.default_rng(seed)
    ban = corpus.banned(data, benchmarks)
    holes, sentences = Holes(han_names(data), rng), Sentences()
    asked = [*answered(data, ban, sentences), *with_holes(data, ban, sentences, holes, rng, scale)]
    _write(asked, sentences, holes, Switch(data, seed), folder, out, seed, rng)


def build_written(articles: Iterable[Written], data: Path, folder: Path, out: Path, seed: int = 0) -> None:
    """As `build`, the questions of `articles`, with the dictionaries of `data`."""
    rng = np.random.default_rng(seed)
    sentences = Sentences()
    asked = list(of_articles(articles, sentences))
    _write(asked, sentences, Holes(han_names(data), rng), Switch(data, seed), folder, out, seed, rng)


def _write(
    asked: list[Asked], sentences: Sentences, holes: Holes, switch: Switch, folder: Path, out: Path, seed: int,
    rng: np.random.Generator,
) -> None:
    """Token ids of sentences and of questions, as they are, switched to another language by the dictionaries, and spoilt;
    and which sentences are near each question."""
    words = StaticEmbedder(folder)
    print(f"{len(asked):,} questions, {sum(a.made for a in asked):,} of them made, {len(sentences.texts):,} sentences", flush=True)
    names = holes.named((a.question, a.lang) for a in asked)
    spoilt = [(a.gold >= 0 and holes.spoilt(a.question, a.lang, sentences.texts[a.gold], names)) or "" for a in asked]
    texts = {
        "sentence": sentences.texts,
        "question": [a.question for a in asked],
        "switched": [switch(a.question, 0.6 if rng.random() < 0.7 else 0.9) for a in asked],
        "spoilt": spoilt,
    }
    columns = {name: _ids(words.tokenizer, some) for name, some in texts.items()}
    columns["beside"] = [np.array(a.beside, np.int32) for a in asked]
    vectors, queries = words.encode_passages(sentences.texts), words.encode_queries(texts["question"])
    gold = np.array([a.gold for a in asked])
    near = _near(vectors, queries, seed)
    allowed = np.array([_apart(a, row, sentences.texts) for a, row in zip(asked, near, strict=True)])
    made = np.array([a.made for a in asked])
    # A hole's question that has little to do with the translation would teach noise.
    kept = ~made | ((queries * vectors[gold]).sum(1) > 0.25)
    arrays = {}
    for name in RAGGED:
        arrays[name] = np.concatenate([*columns[name], np.zeros(0, columns[name][0].dtype)])
        arrays[f"{name}_len"] = np.array([len(c) for c in columns[name]], np.int32)
    np.savez(
        out, gold=gold, near=np.where(allowed, near, -1), before=np.array(sentences.before, np.int32),
        title=np.array(sentences.title, np.int32), made=made, kept=kept,
        tempts=np.array([a.tempts for a in asked], np.int32),
        weight=np.array([1.0 if a.lang == "en" else 2.0 for a in asked]), **arrays,
    )  # fmt: skip


def _ids(tokenizer: Tokenizer, texts: list[str]) -> list[np.ndarray]:
    encoded = tokenizer.encode_batch_fast([fold(t) for t in texts], add_special_tokens=False)
    return [np.array(e.ids, np.uint16) for e in encoded]


def _near(vectors: np.ndarray, queries: np.ndarray, seed: int) -> np.ndarray:
    """(n, NEAR) for each query the nearest of a random quarter of the vectors, drawn anew for every block of queries."""
    rng = np.random.default_rng(seed)
    table = torch.from_numpy(vectors).bfloat16()
    out = np.zeros((len(queries), min(NEAR, len(vectors))), np.int32)
    for at in range(0, len(queries), _BLOCK):
        some = torch.from_numpy(rng.permutation(len(vectors))[: max(len(vectors) // 4, out.shape[1])])
        cosines = torch.from_numpy(queries[at : at + _BLOCK]).bfloat16() @ table[some].T
        out[at : at + _BLOCK] = some[cosines.float().topk(out.shape[1], dim=1).indices].numpy()
    return out


def _apart(asked: Asked, near: np.ndarray, texts: list[str]) -> list[bool]:
    """Which of the near sentences do not hold the answer, as far as its letters tell."""
    answer = corpus.fold(asked.answer)
    return [n != asked.gold and n not in asked.also and not (len(answer) > 1 and answer in corpus.fold(texts[n])) for n in near.tolist()]
