"""What was asked for training: the files in the package, and how they meet the corpus; the guide's own file."""

from __future__ import annotations

import json
import lzma
import struct

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from index.training import asked, gather, guide, mixture  # noqa: E402


@pytest.fixture
def corpus(tmp_path):
    """Six aligned sentences that stand together, and a Chinese context with a question."""
    (tmp_path / "pairs").mkdir()
    (tmp_path / "qa").mkdir()
    lines = [f"Line {i} is here.\tZeile {i} ist hier.\tnews" for i in range(6)]
    (tmp_path / "pairs" / "en_de.tsv.xz").write_bytes(lzma.compress("\n".join([*lines, ""]).encode()))
    row = {"question": "谁写了书？", "context": "猫在家。狗写了书。鸟飞。", "answers": [{"text": "狗", "start": 4}]}
    (tmp_path / "qa" / "toy.zh.train.jsonl.xz").write_bytes(lzma.compress((json.dumps(row) + "\n").encode()))
    return tmp_path


def write(folder, *rows: dict):
    folder.mkdir(exist_ok=True)
    (folder / "1.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return folder


def test_the_packages_questions_are_whole_and_in_two_languages_at_least():
    of_sets, of_pairs = asked.lines()
    assert sum(len(rows) for rows in of_sets.values()) > 700 and len(of_pairs) == 2
    assert all({"de"} < {*q} | {"en", "zh"} and len(q) >= 2 for rows in of_sets.values() for qs in rows.values() for q in qs)


def test_questions_meet_the_passages_their_ids_name(corpus, tmp_path):
    rows = (
        {"id": "toy.zh.train:0", "en": "Who wrote the book?", "de": "Wer schrieb das Buch?"},
        {"id": "en_de:news:1:2", "en": "Which?", "de": "Welche?", "zh": "哪个？"},
        {"id": "en_de:news:5:2", "en": "Beyond the end?"},
        {"id": "other.en.dev:3", "de": "Nicht da?"},
    )
    of_set, of_pairs = asked.read(corpus, set(), write(tmp_path / "asked", *rows))
    assert of_set.questions == {"zh": "谁写了书？", "en": "Who wrote the book?", "de": "Wer schrieb das Buch?"}
    assert of_set.passages == {"zh": "猫在家。狗写了书。鸟飞。"}
    assert of_pairs.passages == {"en": "Line 1 is here. Line 2 is here.", "de": "Zeile 1 ist hier. Zeile 2 ist hier."}
    assert not list(asked.read(corpus, {"whowrotethebook", "line1ishere"}, tmp_path / "asked"))


@pytest.mark.parametrize("line", ['{"en": "No id?"}', '{"id": "a:1", "fr": "Qui?"}', '{"id": "a:1"}', '{"id": "a:x", "en": "?"}', "[]", "{"])
def test_a_bad_line_is_named(tmp_path, line):
    (tmp_path / "x.jsonl").write_text('{"id": "a:1", "en": "Who?"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"x\.jsonl, line 2"):
        asked.lines(tmp_path)


def test_what_is_gathered_is_read_again_and_not_made_anew(corpus, tmp_path):
    (corpus / "dict").mkdir()
    work = tmp_path / "work"
    work.mkdir()
    gather.build(corpus, work, None, folder=write(tmp_path / "none"))
    kinds, english, other = gather.read(work / gather.PARALLEL)
    assert {*kinds} == {"sentence", "paragraph"} and len(kinds) == len(english) == len(other)
    assert all(a.count("Line") == b.count("Zeile") for a, b in zip(english, other, strict=True))
    kinds, questions, passages = gather.read(work / gather.ASKED)
    assert {*kinds} >= {"qa", "switched"} and ("谁写了书？", "猫在家。狗写了书。鸟飞。") in zip(questions, passages, strict=True)
    before = (work / gather.ASKED).stat().st_mtime_ns
    gather.build(corpus, work, None)
    assert (work / gather.ASKED).stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("source", "rows", "kept"),
    [("news", 39_999, True), ("docs_x", 40_000, False), ("tatoeba_pivot", 10, False), ("osm_web", 10, False), ("twlaw", 10, False)],
)
def test_sets_that_were_sampled_or_are_of_single_sentences_make_no_paragraphs(source, rows, kept):
    assert mixture.ordered(source, rows) is kept


def packed(values: np.ndarray) -> tuple[bytes, np.ndarray]:
    """A matrix as groups of 32 weights of 4 bits, and what they then are."""
    groups = values.reshape(-1, 32)
    scale = (np.abs(groups).max(1, keepdims=True) / 7).astype(np.float16)
    codes = np.clip(np.round(groups / scale.astype(np.float32)) + 8, 0, 15).astype(np.uint8)
    data = np.concatenate([scale.view(np.uint8), codes[:, :16] | codes[:, 16:] << 4], 1).tobytes()
    return data, ((codes.astype(np.float32) - 8) * scale).reshape(values.shape)


def guides_file(dim: int, inner: int, pieces: list[str]) -> tuple[bytes, dict[str, np.ndarray]]:
    """A file of one layer in the guide's form, and its tensors."""
    rng = np.random.default_rng(0)
    sizes = {"emb.word": (len(pieces), dim), "emb.pos": (16, dim), "emb.type": (2, dim), "emb.ln.w": (dim,), "emb.ln.b": (dim,)}
    sizes |= {f"l0.{n}.w": (dim, dim) for n in ("q", "k", "v", "ao")} | {"l0.fi.w": (inner, dim), "l0.fo.w": (dim, inner)}
    sizes |= {f"l0.{n}.b": (inner if n == "fi" else dim,) for n in ("q", "k", "v", "ao", "fi", "fo")}
    sizes |= {f"l0.{n}.{k}": (dim,) for n in ("aln", "oln") for k in "wb"}
    tensors, blobs = {}, {}
    for name, shape in sizes.items():
        values = rng.normal(size=shape).astype(np.float32)
        small = len(shape) == 2 and name not in ("emb.pos", "emb.type")
        blobs[name], tensors[name] = packed(values) if small else (values.tobytes(), values)
    words = [p.encode() for p in pieces]
    head = guide.MAGIC + struct.pack("<I7ifi5iQ", 1, dim, 1, 2, inner, len(pieces), 16, 2, 1e-12, 32, len(pieces), 0, 2, 1, 3, sum(map(len, words)))
    head += np.cumsum([0, *map(len, words)]).astype(np.uint32).tobytes() + np.arange(len(pieces), dtype=np.float32).tobytes()
    head += b"".join(words) + struct.pack("<iI", 1, 5) + b"abcd\0" + struct.pack("<i", len(blobs))
    at = len(head) + sum(2 + len(name) + 21 for name in blobs)
    for name, blob in blobs.items():
        head += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", 1, tensors[name].size, at, len(blob))
        at += len(blob)
    return head + b"".join(blobs.values()), tensors


def test_the_guides_file_is_read_as_it_was_written(tmp_path):
    data, tensors = guides_file(32, 64, ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁ab", "c"])
    (tmp_path / "g.bin").write_bytes(data)
    found = guide.load(tmp_path / "g.bin")
    assert found.ends == (0, 2) and found.tokenizer.encode("ab  c", add_special_tokens=False).tokens == ["▁ab", "▁", "c"]
    state = found.encoder.state_dict()
    np.testing.assert_array_equal(state["words.weight"], tensors["emb.word"])
    np.testing.assert_array_equal(state["positions.weight"], tensors["emb.pos"] + tensors["emb.type"][0])
    np.testing.assert_array_equal(state["layers.0.qkv.weight"], np.concatenate([tensors[f"l0.{n}.w"] for n in "qkv"]))
    np.testing.assert_array_equal(state["layers.0.up.weight"], tensors["l0.fi.w"])
    np.testing.assert_array_equal(state["layers.0.norm2.bias"], tensors["l0.oln.b"])
    (tmp_path / "g.bin").write_bytes(b"GGUF" + data)
    with pytest.raises(ValueError, match="does not begin with E5S1"):
        guide.load(tmp_path / "g.bin")
