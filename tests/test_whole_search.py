"""XQuAD-like questions through the whole search, with an encoder that can be computed in the head."""

import json

from fakes import ConceptEmbedder

from eval.whole_search import LANGS, first_hits, main, mixed_hits

PARAGRAPHS = {
    "en": ("The harbour has a bridge.", "The baker sells bread.", "The teacher left the school."),
    "de": ("Der Hafen hat eine Brücke.", "Der Bäcker verkauft Brot.", "Die Lehrerin verließ die Schule."),
    "zh": ("港口有桥梁。", "面包师卖面包。", "教师离开学校。"),
}
QUESTIONS = {
    "en": ("Which bridge at the harbour?", "Who sells bread?", "Which school?"),
    "de": ("Welche Brücke am Hafen?", "Wer verkauft Brot?", "Welche Schule?"),
    "zh": ("港口的桥梁?", "面包?", "学校?"),
}


def test_each_pair_counts_its_right_first_hits(tmp_path):
    for lang in LANGS:
        paragraphs = [
            {"context": c, "qas": [{"question": q, "id": q, "answers": []}]}
            for c, q in zip(PARAGRAPHS[lang], QUESTIONS[lang], strict=True)
        ]
        if lang == "de":  # a question asked of another paragraph than the one that answers it is not found
            paragraphs[0]["qas"], paragraphs[1]["qas"] = paragraphs[1]["qas"], paragraphs[0]["qas"]
        data = {"data": [{"paragraphs": paragraphs}]}
        (tmp_path / f"xquad_dev.{lang}.json").write_text(json.dumps(data), encoding="utf-8")
    shares = first_hits(ConceptEmbedder(), tmp_path, 3, tmp_path)
    assert shares == {(q, a): 1 / 3 if q == "de" else 1.0 for q in LANGS for a in LANGS}


def test_in_a_mixed_index_each_paragraph_is_asked_for_where_it_stands(tmp_path):
    for lang in LANGS:
        paragraphs = [
            {"context": c, "qas": [{"question": q, "id": q, "answers": []}]}
            for c, q in zip(PARAGRAPHS[lang], QUESTIONS[lang], strict=True)
        ]
        data = {"data": [{"paragraphs": paragraphs}]}
        (tmp_path / f"xquad_dev.{lang}.json").write_text(json.dumps(data), encoding="utf-8")
    shares = mixed_hits(ConceptEmbedder(), tmp_path, 3, tmp_path)
    assert shares == {(q, a): 1.0 for q in LANGS for a in LANGS}
    assert sorted(p.name for p in (tmp_path / "mixed").iterdir()) == ["000.txt", "001.txt", "002.txt"]
    assert "Bäcker" in (tmp_path / "mixed" / "001.txt").read_text(encoding="utf-8")


def test_the_command_prints_both_kinds(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("eval.whole_search.load", lambda where: ConceptEmbedder(where))
    for lang in LANGS:
        paragraphs = [{"context": PARAGRAPHS[lang][0], "qas": [{"question": QUESTIONS[lang][0], "id": "0", "answers": []}]}]
        (tmp_path / f"xquad_dev.{lang}.json").write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}), encoding="utf-8")
    main(["tiny=fake", "--benchmarks", str(tmp_path), "--questions", "1"])
    one, mixed = capsys.readouterr().out.splitlines()
    assert one.startswith("tiny, one language: own 1.00  crossing 1.00  en-en 1.00")
    assert mixed == "tiny, mixed: own 1.00  crossing 1.00  en-en 1.00  de-en 1.00  zh-en 1.00"
