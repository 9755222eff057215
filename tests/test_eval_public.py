"""Public benchmarks over tiny files in their original layouts, with values worked out by hand."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from fakes import ConceptEmbedder
from hypothesis import given
from hypothesis import strategies as st

from eval import public
from eval.metrics import ndcg as one_ndcg
from index.errors import UserError

WORDS = {"en": ("harbour", "bridge", "bread"), "de": ("hafen", "brücke", "brot"), "zh": ("港口", "桥梁", "面包")}


def squad(path: Path, contexts: list[str], questions: list[list[str]]) -> None:
    paragraphs = [
        {"context": c, "qas": [{"id": f"{i}-{j}", "question": q, "answers": []} for j, q in enumerate(asked)]}
        for i, (c, asked) in enumerate(zip(contexts, questions, strict=True))
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"data": [{"title": "t", "paragraphs": paragraphs}]}), encoding="utf-8")


def run(names: list[str], folder: Path) -> tuple[public.Scores, list[str]]:
    said: list[str] = []
    return public.measure(ConceptEmbedder(), folder, names, said.append), said


def test_xquad_by_hand(tmp_path):
    for lang, (harbour, bridge, bread) in WORDS.items():
        wrong = bread if lang == "de" else bridge  # the second German question finds the third paragraph
        squad(tmp_path / "xquad" / f"xquad.{lang}.json", [harbour, bridge, bread], [[harbour], [wrong], [bread]])
    scores, said = run(["xquad"], tmp_path)
    assert said == []
    assert scores["XQuAD en-zh hit@1"] == scores["XQuAD zh-zh nDCG@10"] == 1
    assert scores["XQuAD de-en hit@1"] == pytest.approx(2 / 3)
    # Bread is first; harbour and bridge score alike, on ranks 2 and 3.
    second = (1 / math.log2(3) + 1 / 2) / 2
    assert scores["XQuAD de-en nDCG@10"] == pytest.approx((1 + second + 1) / 3)
    assert scores["XQuAD mean hit@1"] == pytest.approx((6 + 3 * 2 / 3) / 9)
    assert scores["XQuAD crossing mean hit@1"] == pytest.approx((4 + 2 * 2 / 3) / 6)


def test_mlqa_counts_a_context_as_often_as_it_is_asked_about(tmp_path):
    for asked in WORDS:
        for written in WORDS:
            harbour, bridge, _ = WORDS[asked]
            contexts = [WORDS[written][0], WORDS[written][1], WORDS[written][0]]  # the first lies there twice
            name = f"test-context-{written}-question-{asked}.json"
            squad(tmp_path / "MLQA_V1" / "test" / name, contexts, [[harbour, harbour], [bridge], [harbour]])
    scores, _ = run(["mlqa"], tmp_path)
    # Three copies of the harbour score alike, so each of its questions finds its own on rank 1, 2 or 3.
    shared = (1 + 1 / math.log2(3) + 1 / 2) / 3
    assert scores["MLQA de-zh nDCG@10"] == pytest.approx((3 * shared + 1) / 4)
    assert scores["MLQA de-zh nDCG@10 once"] == scores["MLQA mean nDCG@10 once"] == 1
    assert scores["MLQA crossing mean nDCG@10"] == pytest.approx((3 * shared + 1) / 4)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=14), st.data())
def test_ndcg_is_the_mean_over_all_orders_of_what_scores_alike(scores, data):
    right = data.draw(st.integers(0, len(scores) - 1))
    others = [s for i, s in enumerate(scores) if i != right]
    before, alike = sum(s > scores[right] for s in others), sum(s == scores[right] for s in others)
    names = [f"d{i}" for i in range(len(others))]
    orders = [one_ndcg([*names[: before + place], "right", *names[before + place :]], {"right"}) for place in range(alike + 1)]
    got = public.ndcg(np.array([scores], np.float32), np.array([right]))
    assert got == pytest.approx(sum(orders) / len(orders), abs=1e-9)


def test_translations_by_hand(tmp_path):
    english, german, chinese = (list(words) for words in WORDS.values())
    files = {
        "tatoeba.deu-eng.deu": german, "tatoeba.deu-eng.eng": english,
        "tatoeba.cmn-eng.cmn": [chinese[0], chinese[0], chinese[2]], "tatoeba.cmn-eng.eng": english,
        "eng_Latn.devtest": english, "deu_Latn.devtest": german, "zho_Hans.devtest": chinese, "zho_Hant.devtest": chinese[::-1],
        "newstest2019-src.eng.txt": english, "newstest2019-ref.deu.txt": german,
        "newstest2019-ref.zho-CN.txt": chinese, "newstest2019-ref.zho-TW.txt": chinese,
    }
    for name, rows in files.items():
        (tmp_path / name).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    scores, said = run(["tatoeba", "flores", "ntrex"], tmp_path)
    assert said == [] and scores["Tatoeba deu-eng"] == 1
    assert scores["Tatoeba cmn-eng"] == pytest.approx(2 / 3)
    # Back from English: harbour finds the first of two equal sentences, bridge scores 0 with all and takes the first.
    assert scores["Tatoeba cmn-eng both ways"] == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert scores["FLORES en-de"] == 1 and scores["FLORES en-zh-Hant"] == pytest.approx(1 / 3)  # only the middle one stays
    assert scores["NTREX mean"] == 1 and len([name for name in scores if name.startswith("NTREX")]) == 7
    (tmp_path / "deu_Latn.devtest").write_text("hafen\n", encoding="utf-8")
    with pytest.raises(UserError, match="FLORES en-de: 3 sentences on one side and 1 on the other"):
        run(["flores"], tmp_path)


def test_only_line_feeds_part_sentences(tmp_path):
    (tmp_path / "a").write_text("one\u2028still one\ntwo\x85too\n", encoding="utf-8")
    assert public.lines(tmp_path / "a") == ["one\u2028still one", "two\x85too"]


def test_mkqa_by_hand(tmp_path):
    rows = []
    for i in range(3):
        queries = {"en": WORDS["en"][i], "de": WORDS["de"][i], "zh_cn": WORDS["zh"][0], "fr": "x"}
        answers = {lang: [{"type": "entity", "text": "a", "aliases": []}] for lang in queries}
        rows.append({"example_id": i, "queries": queries, "answers": answers})
    (tmp_path / "mkqa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    scores, _ = run(["mkqa"], tmp_path)
    assert scores == {"MKQA de-en": 1.0, "MKQA zh-Hans-en": pytest.approx(1 / 3)}


def test_each_text_is_encoded_once():
    seen: list[str] = []

    class Counting(ConceptEmbedder):
        def encode_passages(self, texts):
            seen.extend(texts)
            return super().encode_passages(texts)

    vectors = public.Vectors(Counting())
    first = vectors(["brot", "hafen", "brot"], "passage")
    assert (vectors(["hafen"], "passage")[0] == first[1]).all() and (first[0] == first[2]).all()
    assert seen == ["brot", "hafen"]


def test_the_table_has_published_scores_only_beside_measured_ones(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(public, "load", lambda where: ConceptEmbedder())
    assert public.main([str(tmp_path), "toy=x"]) == 1
    assert "none of the benchmarks lies in" in capsys.readouterr().err
    for lang in ("deu", "cmn"):
        for side in (lang, "eng"):
            (tmp_path / f"tatoeba.{lang}-eng.{side}").write_text("hafen\nbrot\n", encoding="utf-8")
    assert public.main([str(tmp_path), "toy=x", "--json", str(tmp_path / "s.json")]) == 0
    printed = capsys.readouterr()
    head, _, *rows = printed.out.splitlines()
    assert "toy" in head and "multilingual-e5-small, 472 MB (published)" in head and "bekko" not in head
    assert rows[0].startswith("| Tatoeba deu-eng | 1.000 | 0.979 | 0.977 |")
    assert "mlqa: left out, no test-context-en-question-en.json or dev-" in printed.err
    assert json.loads((tmp_path / "s.json").read_text())["toy"]["Tatoeba deu-eng"] == 1
