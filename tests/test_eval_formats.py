"""Question sets survive the way into other formats and back, and foreign files are read as their own readers read them."""

import gzip
import json
from pathlib import Path

import pytest

from eval.dataset import Gold, Question, load, shipped
from eval.formats import beir, mkqa, ragas, squad, trec
from eval.formats.__main__ import main
from eval.formats.bundle import Bundle, Source, file_name, write
from index.articles import read_articles
from index.errors import UserError
from index.types import Article, Passage

SEEDS = Path(__file__).parent.parent / "seeds"
TEXTS = {
    "wuhan": ("de", "Wuhan plant viel. Bis 2028 soll die Branche 200 Milliarden Yuan erreichen. Das ist alles."),
    "shanghai": ("zh-Hans", "上海也有计划。2024年,上海人工智能产业规模突破4000亿元。就是这样。"),
}
ARTICLES = {name: Article(name, lang, f"Titel {name}", text, ()) for name, (lang, text) in TEXTS.items()}


def at(name: str, words: str) -> Gold:
    start = TEXTS[name][1].index(words)
    return Gold(name, start, start + len(words))


def passages() -> list[Passage]:
    out = []
    for name, (lang, text) in TEXTS.items():
        stop = "。" if lang != "de" else ". "
        middle = text.index(stop) + len(stop)
        last = text.rindex(stop) if lang == "de" else text.rindex("就是")
        out += [Passage(name, lang, a, b, text[a:b]) for a, b in ((0, middle), (middle, last), (last, len(text)))]
    return out


QUESTIONS = (
    Question("size.en", "How big will it be?", "en", "size", True, "figure",
             (at("wuhan", "200 Milliarden Yuan"), at("wuhan", "Bis 2028 soll die Branche 200 Milliarden Yuan erreichen.")),
             ("200 Milliarden Yuan", "200 billion yuan"), "test"),
    Question("size.zh", "规模有多大？", "zh-Hans", "size", True, "figure", (at("wuhan", "200 Milliarden Yuan"),),
             ("200 Milliarden Yuan", "200 billion yuan"), "test"),
    Question("shanghai.de", "Wie groß ist die Branche in Shanghai?", "de", "shanghai", True, "figure",
             (at("shanghai", "产业规模突破4000亿元"),), ("400 Milliarden Yuan",), "test"),
    Question("none.de", "Wie wird das Wetter?", "de", "none", False, "out_of_scope", (), (), "test"),
)


def test_squad_there_and_back_loses_nothing(tmp_path):
    squad.export(QUESTIONS, ARTICLES, tmp_path / "out.json")
    data = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["data"]
    seen = 0
    for paragraph in (p for article in data for p in article["paragraphs"]):
        for qa in paragraph["qas"]:
            for answer in qa["answers"]:
                assert paragraph["context"][answer["answer_start"] :].startswith(answer["text"]) and answer["text"]
                seen += 1
    assert seen == 4
    back = squad.load(tmp_path / "out.json")
    assert sorted(back.questions, key=lambda q: q.id) == sorted(QUESTIONS, key=lambda q: q.id)
    assert {(s.id, s.text) for s in back.sources} == {(name, text) for name, (_, text) in TEXTS.items()}


def foreign_squad(path: Path, start: int = 10) -> Path:
    qas = [
        {"id": "a", "question": "Wo liegt es?", "answers": [{"text": "Köln\r\nam Rhein", "answer_start": start}] * 2},
        {"id": "b", "question": "Wann genau war das?", "answers": [], "is_impossible": True},
    ]
    context = "\r\nEs ist\r Köln\r\nam Rhein."
    path.write_text(json.dumps({"version": "1.1", "data": [{"title": "Stadt/Köln", "paragraphs": [{"context": context, "qas": qas}]}]}))
    return path


def test_a_foreign_squad_file_becomes_articles_and_questions_that_load(tmp_path):
    bundle = squad.load(foreign_squad(tmp_path / "test-context-de-question-zh.json"))
    assert [(q.lang, q.answerable, q.answers) for q in bundle.questions] == [
        ("zh-Hans", True, ("Köln\nam Rhein",)), ("zh-Hans", False, ())
    ]
    path = write(bundle, tmp_path / "in")
    articles, problems = read_articles(tmp_path / "in" / "articles")
    assert not problems and [(a.id, a.lang, a.title) for a in articles] == [("Stadt_Köln", "de", "Stadt/Köln")]
    (gold,) = load(path, articles)[0].gold
    assert articles[0].text[gold.start : gold.end] == gold.quote == "Köln\nam Rhein"
    with pytest.raises(UserError, match="is there already"):
        write(bundle, tmp_path / "in")


def test_an_answer_at_another_place_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"question a: the answer .* does not stand at 4"):
        squad.load(foreign_squad(tmp_path / "x.json", 4))


def test_beir_there_and_back(tmp_path):
    beir.export(QUESTIONS, passages(), ARTICLES, tmp_path / "out", "test")
    judged = (tmp_path / "out" / "qrels" / "test.tsv").read_text(encoding="utf-8").splitlines()
    middle = {p.article_id: p.id for p in (passages()[1], passages()[4])}
    assert judged[0].split("\t") == ["query-id", "corpus-id", "score"]
    assert set(judged[1:]) == {f"{q}\t{middle[a]}\t1" for q, a in (("size.en", "wuhan"), ("size.zh", "wuhan"), ("shanghai.de", "shanghai"))}
    back = beir.load(tmp_path / "out")
    assert [(q.id, q.question, q.lang, q.fact, q.answerable, q.answers) for q in back.questions] == [
        (q.id, q.question, q.lang, q.fact, q.answerable, q.answers) for q in QUESTIONS
    ]
    texts = {s.id: s.text for s in back.sources}
    assert texts[back.questions[2].gold[0].article_id] == passages()[4].text
    again = load(write(back, tmp_path / "in"), read_articles(tmp_path / "in" / "articles")[0])
    assert [q.id for q in again] == [q.id for q in QUESTIONS]


def test_a_foreign_beir_folder_asks_for_passages_only(tmp_path):
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text('{"_id": "d/1", "title": "T", "text": "The city has eight zones."}\n{"_id": "d:1", "text": "Other."}\n')
    (tmp_path / "queries.jsonl").write_text('{"_id": "1", "text": "How many zones are there?"}\n{"_id": "2", "text": "Not judged"}\n')
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\td/1\t2\n1\td:1\t0\n")
    bundle = beir.load(tmp_path, "en")
    assert [s.id for s in bundle.sources] == ["d_1", "d_1-2"]
    (question,) = bundle.questions
    assert question.gold == (Gold("d_1", 0, 25),) and question.answers == ()
    (tmp_path / "qrels" / "test.tsv").write_text("1\td9\t1\n")
    with pytest.raises(UserError, match="line 1: the qrels name document 'd9', which the corpus lacks"):
        beir.load(tmp_path)


RUN = {"size.en": [("wuhan:18-74", 0.5), ("shanghai:0-7", 0.5), ("wuhan:0-18", 0.1)], "shanghai.de": [("wuhan:0-18", 1.0)]}


def test_trec_files_are_read_by_ir_measures_as_by_us(tmp_path):
    ir_measures = pytest.importorskip("ir_measures")
    trec.export(QUESTIONS, passages(), tmp_path, RUN)
    theirs = sorted((r.query_id, r.doc_id, r.relevance) for r in ir_measures.read_trec_qrels(str(tmp_path / "qrels.txt")))
    ours = trec.read_qrels(tmp_path / "qrels.txt")
    assert theirs == sorted((q, d, grade) for q, found in ours.items() for d, grade in found.items())
    run = sorted((r.query_id, r.doc_id, r.score) for r in ir_measures.read_trec_run(str(tmp_path / "run.txt")))
    assert run == sorted((q, d, score) for q, found in trec.read_run(tmp_path / "run.txt").items() for d, score in found)
    order = {q: [d for d, _ in found] for q, found in trec.read_run(tmp_path / "run.txt").items()}
    assert order == {q: [d for d, _ in found] for q, found in RUN.items()}  # equal scores keep their order
    got = trec.measure(tmp_path / "qrels.txt", tmp_path / "run.txt", ["RR", "R@10"])
    right = {p.id for p in passages()} & {d for found in ours.values() for d in found}
    wanted = 1.0 if RUN["size.en"][0][0] in right else 0.0
    assert got == pytest.approx({"RR": wanted / 3, "R@10": wanted / 3})  # three questions are judged
    with pytest.raises(UserError, match="no such measure"):
        trec.measure(tmp_path / "qrels.txt", tmp_path / "run.txt", ["nonsense"])


def test_trec_judgements_come_back_as_gold_spans(tmp_path):
    trec.export(QUESTIONS, passages(), tmp_path)
    back = trec.load(tmp_path)
    assert [(q.id, q.question) for q in back.questions] == [(q.id, q.question) for q in QUESTIONS if q.answerable]
    middle = passages()[1]
    assert back.questions[0].gold == (Gold("wuhan", middle.start, middle.end),)
    assert not (tmp_path / "run.txt").exists()
    (tmp_path / "qrels.txt").write_text("size.en 0 nowhere 1\n")
    with pytest.raises(UserError, match="'nowhere' of the qrels is no passage"):
        trec.load(tmp_path)


@pytest.mark.parametrize(("line", "message"), [("a 0 d", "line 1: needs 4 columns, got 3"), ("a 0 d x", "must be a whole number, got 'x'")])
def test_broken_trec_lines_are_named(tmp_path, line, message):
    (tmp_path / "qrels.txt").write_text(line)
    with pytest.raises(UserError, match=message):
        trec.read_qrels(tmp_path / "qrels.txt")


def test_an_id_with_white_space_is_none_of_trec(tmp_path):
    with pytest.raises(UserError, match="'a b' cannot be an id there"):
        trec.export([Question("a b", "?", "de", "a", False, "", (), ())], [], tmp_path)


def test_ragas_there_and_back(tmp_path):
    printed = {"id": "size.en", "text": "200 billion yuan. [1]", "found": True,
               "hits": [{"article_id": "wuhan", "start": 18, "end": 40, "text": "Bis 2028", "lang": "de", "score": 0.4}]}
    (tmp_path / "answers.jsonl").write_text(json.dumps(printed) + "\n", encoding="utf-8")
    given = ragas.answers(tmp_path / "answers.jsonl")
    assert given["size.en"].hits == (("wuhan:18-40", 0.4, "Bis 2028"),)
    ragas.export(QUESTIONS, ARTICLES, tmp_path / "r.jsonl", given)
    first, second, _, last = map(json.loads, (tmp_path / "r.jsonl").read_text(encoding="utf-8").splitlines())
    assert first == {
        "user_input": "How big will it be?", "reference": "200 Milliarden Yuan", "response": "200 billion yuan. [1]",
        "reference_contexts": ["200 Milliarden Yuan", "Bis 2028 soll die Branche 200 Milliarden Yuan erreichen."],
        "retrieved_contexts": ["Bis 2028"],
    }
    assert "response" not in second and last == {"user_input": "Wie wird das Wetter?"}
    back = ragas.load(tmp_path / "r.jsonl", ARTICLES)
    for was, got in zip(QUESTIONS, back.questions, strict=True):
        assert (got.question, got.lang, got.answerable, got.gold) == (was.question, was.lang, was.answerable, was.gold)
        assert got.answers == was.answers[:1]
    (tmp_path / "r.jsonl").write_text('{"user_input": "x", "reference_contexts": ["nowhere"]}\n')
    with pytest.raises(UserError, match="line 1: no article reads 'nowhere'"):
        ragas.load(tmp_path / "r.jsonl", ARTICLES)


def test_mkqa_there_and_back(tmp_path):
    mkqa.export(QUESTIONS, tmp_path / "m.jsonl")
    first = json.loads((tmp_path / "m.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert first["queries"] == {"en": "How big will it be?", "zh_cn": "规模有多大？"} and first["query"] == "How big will it be?"
    back = {q.id: q for q in mkqa.load(tmp_path / "m.jsonl").questions}
    assert set(back) == {"size.en", "size.zh_cn", "shanghai.de", "none.de"}
    assert back["size.zh_cn"].answers == QUESTIONS[1].answers and back["size.zh_cn"].lang == "zh-Hans"
    assert not back["none.de"].answerable
    assert load(write(Bundle(tuple(back.values())), tmp_path / "in"))[0].gold == ()


def test_a_line_of_mkqa_is_read_as_its_own_scorer_does(tmp_path):
    answers = {"en": [{"type": "entity", "text": "Oslo", "entity": "Q585", "aliases": ["Kristiania"]}, {"type": "long_answer", "text": None}],
               "de": [{"type": "unanswerable", "text": None}], "fr": [{"type": "entity", "text": "x"}]}
    line = {"query": "q", "example_id": 7, "queries": {"en": "Capital?", "de": "Hauptstadt?", "fr": "?"}, "answers": answers}
    (tmp_path / "mkqa.jsonl.gz").write_bytes(gzip.compress((json.dumps(line) + "\n").encode()))
    en, de = mkqa.load(tmp_path / "mkqa.jsonl.gz").questions
    assert (en.answers, en.answerable, en.fact) == (("Oslo", "Kristiania"), True, "7") and not de.answerable
    assert [q.id for q in mkqa.load(tmp_path / "mkqa.jsonl.gz", "de").questions] == ["7.de"]


def test_names_of_files_are_plain_and_unique():
    taken: set[str] = set()
    assert [file_name(n, taken) for n in ("a/b:c", "A/B:C", "..", "上海")] == ["a_b_c", "A_B_C-2", "article", "上海"]


def test_an_article_that_cannot_be_read_back_is_refused(tmp_path):
    bad = Bundle((Question("a", "?", "de", "a", True, "", (Gold("x", 0, 3),), ()),), (Source("x", "de", "", "   "),))
    with pytest.raises(UserError, match="no article 'x'"):
        write(bad, tmp_path / "in")


def test_the_shipped_questions_pass_the_check_and_go_to_squad_and_back(tmp_path, capsys):
    assert main(["check", str(shipped("dev")), "--seeds", str(SEEDS)]) == 0
    assert "all in order" in capsys.readouterr().out
    assert main(["export", "squad", str(shipped("dev")), str(tmp_path / "s.json"), "--seeds", str(SEEDS)]) == 0
    assert main(["import", "squad", str(tmp_path / "s.json"), str(tmp_path / "in")]) == 0
    back = {q.id: q for q in load(tmp_path / "in" / "questions.jsonl")}
    was = {q.id: q for q in load(shipped("dev"))}
    assert back.keys() == was.keys()
    for name, question in was.items():
        assert (back[name].answers, [g.span for g in back[name].gold]) == (question.answers, [g.span for g in question.gold])


def test_the_command_prints_one_line_an_error_and_exits_1(tmp_path, capsys):
    (tmp_path / "q.jsonl").write_text('{"id": "a"}\n[]\n')
    assert main(["check", str(tmp_path / "q.jsonl"), "--seeds", str(SEEDS)]) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and [line.split(": ")[0].rsplit(" ", 1)[1] for line in printed.err.splitlines()] == ["1", "2"]
