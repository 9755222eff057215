"""Public benchmarks from their original files, published scores beside ours: `python -m eval.public DIR NAME=WHERE ...`.

DIR is searched for the files of each benchmark, at any depth; what is missing is named and left out. WHERE is an encoder as
`eval.benchmarks` names it. All vectors are of unit length, compared by cosine, and no benchmark is trained on.

| benchmark | files | what is measured |
|---|---|---|
| XQuAD | `xquad.en.json`, `.de.`, `.zh.` | a question finds its paragraph among those of one language: hit@1, nDCG@10, nine pairs |
| MLQA | `test-context-de-question-en.json`, ... | the same among the contexts of the pair's file: nDCG@10, nine pairs |
| Tatoeba | `tatoeba.deu-eng.deu`, `tatoeba.deu-eng.eng`, ... | a sentence finds its English translation: accuracy |
| FLORES-200 | `eng_Latn.devtest`, `deu_Latn.devtest`, `zho_Hans.`, `zho_Hant.` | translations, accuracy over both directions |
| NTREX-128 | `newstest2019-src.eng.txt`, `newstest2019-ref.deu.txt`, `zho-CN`, `zho-TW` | translations, accuracy over both directions |
| MKQA | `mkqa.jsonl` or `mkqa.jsonl.gz` | a question finds its English version among all questions: accuracy |

MLQA follows MTEB's MLQARetrieval (test, nDCG@10): every question brings a copy of its context as a document, of which only
its own is right, so that a context that three questions ask about lies there three times. Copies score alike; the value is the
expectation over their order, where a run of MTEB has one order. `once` is the same with each context once.

The published numbers: Tatoeba's are the `accuracy` in MTEB's results repository (embeddings-benchmark/results, Tatoeba.json of
multilingual-e5-small at e4ce987 and of paraphrase-multilingual-MiniLM-L12-v2 at bf3bf13); MLQA's are means of the nine pairs as
reported for MLQARetrieval.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from eval.benchmarks import LANGUAGES, PAIRS, Questions, hit_at_1, load, table, translation_accuracy, xquad
from eval.formats import mkqa as mkqa_file
from index.errors import UserError
from index.types import Embedder

Scores = dict[str, float]
K = 10
_CHUNK = 1000  # questions scored at a time
TATOEBA = {"deu": "Tatoeba deu-eng", "cmn": "Tatoeba cmn-eng"}
FLORES = {"en": "eng_Latn", "de": "deu_Latn", "zh-Hans": "zho_Hans", "zh-Hant": "zho_Hant"}
NTREX = {"en": "src.eng", "de": "ref.deu", "zh-Hans": "ref.zho-CN", "zh-Hant": "ref.zho-TW"}
PUBLISHED: Mapping[str, Mapping[str, float]] = {
    "multilingual-e5-small, 472 MB": {"MLQA mean nDCG@10": 0.568, "Tatoeba deu-eng": 0.979, "Tatoeba cmn-eng": 0.921},
    "paraphrase-multilingual-MiniLM-L12-v2, 472 MB": {
        "MLQA mean nDCG@10": 0.469, "Tatoeba deu-eng": 0.977, "Tatoeba cmn-eng": 0.961,
    },
    "bekko-embedding-v1-a8m, 424 MB": {"MLQA mean nDCG@10": 0.650},
    "best below 45 M parameters": {"MLQA mean nDCG@10": 0.28},
}


class Vectors:
    """An encoder that encodes each text once, however often it is asked for."""

    def __init__(self, embedder: Embedder) -> None:
        self._doors = {"query": embedder.encode_queries, "passage": embedder.encode_passages}
        self._known: dict[tuple[str, str], np.ndarray] = {}

    def __call__(self, texts: Sequence[str], door: str) -> np.ndarray:
        """(n, dim) unit rows of `texts` through the door for a `query` or a `passage`."""
        new = [text for text in dict.fromkeys(texts) if (door, text) not in self._known]
        if new:
            self._known |= {(door, text): row for text, row in zip(new, self._doors[door](new), strict=True)}
        return np.stack([self._known[door, text] for text in texts])


def ndcg(scores: np.ndarray, right: np.ndarray, copies: np.ndarray | None = None, k: int = K) -> float:
    """Mean nDCG@k where one document is right; the expectation over the order of documents that score alike.

    `scores` is (questions, documents), `right` the column of each question. `copies` is how often each document lies in the
    collection, once by default; only one of the copies of the right one is right.
    """
    copies = np.ones(scores.shape[1], np.int64) if copies is None else copies
    own = scores[np.arange(len(right)), right][:, None]
    before, alike = (scores > own) @ copies, (scores == own) @ copies
    gained = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, k + 2)))])
    return float(((gained[np.minimum(before + alike, k)] - gained[np.minimum(before, k)]) / alike).mean())


def run_xquad(folder: Path, vectors: Vectors) -> Scores:
    """hit@1 and nDCG@10 of each pair question-paragraph, and their means."""
    sets = {lang: xquad(_file(folder, f"xquad.{lang}.json", f"xquad_dev.{lang}.json")) for lang in LANGUAGES}
    out: Scores = {}
    for asked, written in PAIRS:
        scores = vectors(sets[asked].questions, "query") @ vectors(sets[written].paragraphs, "passage").T
        out[f"XQuAD {asked}-{written} hit@1"] = hit_at_1(scores, sets[asked].right)
        out[f"XQuAD {asked}-{written} nDCG@10"] = ndcg(scores, sets[asked].right)
    return out | _means("XQuAD", out, "hit@1", "nDCG@10")


def run_mlqa(folder: Path, vectors: Vectors) -> Scores:
    """nDCG@10 of each pair question-context, and their means."""
    out: Scores = {}
    for asked, written in PAIRS:
        name = f"context-{written}-question-{asked}.json"
        held = once(xquad(_file(folder, f"test-{name}", f"dev-{name}")))
        copies = np.bincount(held.right, minlength=len(held.paragraphs))
        passages = vectors(held.paragraphs, "passage").T
        parts = []
        for start in range(0, len(held.questions), _CHUNK):
            some, right = held.questions[start : start + _CHUNK], held.right[start : start + _CHUNK]
            scores = vectors(some, "query") @ passages
            parts.append((len(some) * ndcg(scores, right, copies), len(some) * ndcg(scores, right)))
        value, single = np.sum(parts, axis=0) / len(held.questions)
        out[f"MLQA {asked}-{written} nDCG@10"] = float(value)
        out[f"MLQA {asked}-{written} nDCG@10 once"] = float(single)
    return out | _means("MLQA", out, "nDCG@10", "nDCG@10 once")


def once(held: Questions) -> Questions:
    """The same questions over each distinct paragraph once."""
    paragraphs = list(dict.fromkeys(held.paragraphs))
    number = {text: i for i, text in enumerate(paragraphs)}
    moved = np.array([number[text] for text in held.paragraphs], np.int64)
    return Questions(held.questions, paragraphs, moved[held.right])


def run_tatoeba(folder: Path, vectors: Vectors) -> Scores:
    """Accuracy from German and Chinese to English, as published elsewhere, and over both directions."""
    out: Scores = {}
    for lang, name in TATOEBA.items():
        a, b = (vectors(lines(_file(folder, f"tatoeba.{lang}-eng.{side}")), "passage") for side in (lang, "eng"))
        _same_length(name, a, b)
        out[name] = hit_at_1(a @ b.T, np.arange(len(a)))
        out[f"{name} both ways"] = translation_accuracy(a, b)
    return out


def run_flores(folder: Path, vectors: Vectors) -> Scores:
    """Accuracy of each pair of the four languages, over both directions."""
    return _translations("FLORES", {lang: _file(folder, f"{code}.devtest") for lang, code in FLORES.items()}, vectors)


def run_ntrex(folder: Path, vectors: Vectors) -> Scores:
    """Accuracy of each pair of the four languages, over both directions."""
    return _translations("NTREX", {lang: _file(folder, f"newstest2019-{n}.txt") for lang, n in NTREX.items()}, vectors)


def run_mkqa(folder: Path, vectors: Vectors) -> Scores:
    """Accuracy from the questions in each language to the English ones; a tie goes to the earlier question."""
    held: dict[str, dict[str, str]] = {}
    for question in mkqa_file.load(_file(folder, "mkqa.jsonl", "mkqa.jsonl.gz")).questions:
        held.setdefault(question.lang, {})[question.fact] = question.question
    english = held.pop("en")
    facts = list(english)
    wanted = vectors(list(english.values()), "query").T
    out: Scores = {}
    for lang, asked in held.items():
        number = [i for i, fact in enumerate(facts) if fact in asked]
        rows = vectors([asked[facts[i]] for i in number], "query")
        right = [(rows[i : i + _CHUNK] @ wanted).argmax(1) for i in range(0, len(rows), _CHUNK)]
        out[f"MKQA {lang}-en"] = float((np.concatenate(right) == np.array(number)).mean())
    return out


RUNNERS: Mapping[str, Callable[[Path, Vectors], Scores]] = {
    "xquad": run_xquad, "mlqa": run_mlqa, "tatoeba": run_tatoeba, "flores": run_flores, "ntrex": run_ntrex, "mkqa": run_mkqa,
}


def measure(embedder: Embedder, folder: Path, names: Iterable[str], say: Callable[[str], None]) -> Scores:
    """The scores of the benchmarks `names` whose files lie in `folder`; `say` is told of those that do not."""
    out: Scores = {}
    vectors = Vectors(embedder)
    for name in names:
        try:
            out |= RUNNERS[name](folder, vectors)
        except FileNotFoundError as error:
            say(f"{name}: left out, {error}")
    return out


def lines(path: Path) -> list[str]:
    """The lines of a text file, which is one sentence each; only line feeds part them."""
    return [line.strip() for line in path.read_text(encoding="utf-8").removesuffix("\n").split("\n")]


def _translations(name: str, files: Mapping[str, Path], vectors: Vectors) -> Scores:
    rows = {lang: vectors(lines(path), "passage") for lang, path in files.items()}
    out: Scores = {}
    for a, b in combinations(rows, 2):
        _same_length(f"{name} {a}-{b}", rows[a], rows[b])
        out[f"{name} {a}-{b}"] = translation_accuracy(rows[a], rows[b])
    return out | {f"{name} mean": float(np.mean(list(out.values())))}


def _means(name: str, scores: Scores, *measures: str) -> Scores:
    out: Scores = {}
    for measure in measures:
        parts = {pair: scores[f"{name} {pair[0]}-{pair[1]} {measure}"] for pair in PAIRS}
        out[f"{name} mean {measure}"] = float(np.mean(list(parts.values())))
        out[f"{name} crossing mean {measure}"] = float(np.mean([v for (a, b), v in parts.items() if a != b]))
    return out


def _same_length(name: str, a: np.ndarray, b: np.ndarray) -> None:
    if len(a) != len(b):
        raise UserError(f"{name}: {len(a)} sentences on one side and {len(b)} on the other; are the files whole?")


def _file(folder: Path, *names: str) -> Path:
    for name in names:
        if found := sorted(folder.rglob(name)):
            return found[0]
    raise FileNotFoundError(f"no {' or '.join(names)} in {folder}")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m eval.public", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("encoders", nargs="*", metavar="NAME=WHERE", default=["embedded"])
    parser.add_argument("--only", nargs="+", choices=tuple(RUNNERS), default=tuple(RUNNERS), help="these benchmarks")
    parser.add_argument("--json", type=Path, help="also write the scores here")
    options = parser.parse_args(arguments)
    columns: dict[str, dict[str, float]] = {}
    try:
        for entry in options.encoders:
            name, _, where = entry.rpartition("=")
            columns[name or where] = measure(load(where), options.folder, options.only, lambda s: print(s, file=sys.stderr))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        options.json.write_text(json.dumps(columns, indent=1) + "\n", encoding="utf-8")
    measured = Counter(score for column in columns.values() for score in column)
    if not measured:
        print(f"none of the benchmarks lies in {options.folder}", file=sys.stderr)
        return 1
    known = {model: {s: v for s, v in scores.items() if s in measured} for model, scores in PUBLISHED.items()}
    print(table(columns | {f"{model} (published)": scores for model, scores in known.items() if scores}), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
