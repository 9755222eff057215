"""Articles written for training, and the questions that the reader learns from them."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from index.training import reader as making  # noqa: E402
from index.training import reading, written  # noqa: E402

ARTICLE = {
    "lang": "de", "date": "2024-05-01", "title": "Ein Titel",
    "sentences": {"1": "Die Stadt baute 2021 drei Brücken.", "2": "Sie kosteten 40 Millionen.", "3": "Bezahlt hat sie das Land."},
    "asked": [
        {"gold": 2, "also": [3], "kind": "figure", "answer": "40 Millionen", "q": {"en": "What did they cost?", "zh-Hans": "花了多少？"}},
    ],
    "refused": [{"near": 1, "q": {"zh-Hant": "2022年蓋了幾座橋？"}}],
}  # fmt: skip


def put(folder, **changed):
    (folder / "a.json").write_text(json.dumps(ARTICLE | changed), encoding="utf-8")


def test_an_article_is_read_with_what_answers_and_what_does_not(tmp_path):
    put(tmp_path)
    (article,) = written.read(tmp_path)
    assert (article.name, article.lang, len(article.sentences)) == ("a", "de", 3)
    asked, refused = article.facts
    assert (asked.golds, asked.answer, asked.near) == ((1, 2), "40 Millionen", None)
    assert (refused.golds, refused.answer, refused.near) == ((), "", 0)


@pytest.mark.parametrize(
    "changed",
    [
        {"lang": "fr"}, {"title": ""}, {"sentences": {"1": "a"}}, {"asked": [{**ARTICLE["asked"][0], "answer": "41"}]},
        {"asked": [{**ARTICLE["asked"][0], "q": {}}]}, {"refused": [{"near": 9, "q": {"en": "What?"}}]}, {"refused": [{"near": 1}]},
        {"refused": [{"near": 1, "q": {"fr": "Quoi ?"}}]},
    ],
)  # fmt: skip
def test_an_article_that_is_not_as_it_should_be_is_named(tmp_path, changed):
    put(tmp_path, **changed)
    with pytest.raises(ValueError, match=r"a\.json"):
        list(written.read(tmp_path))


def test_questions_know_what_answers_what_stands_beside_and_the_title(tmp_path):
    put(tmp_path)
    sentences = reading.Sentences()
    first, second, third = reading.of_articles(written.read(tmp_path), sentences)
    assert sentences.texts == ["Ein Titel", *ARTICLE["sentences"].values()]
    assert sentences.before == [-1, -1, 1, 2] and sentences.title == [-1, 0, 0, 0]
    assert (first.lang, first.gold, first.beside, first.also) == ("en", 2, (1,), (2, 3, 0))
    assert (second.lang, second.question) == ("zh-Hans", "花了多少？")
    assert (third.gold, third.beside, third.also, third.tempts) == (-1, (1, 2, 3), (0,), 1)
    assert first.tempts == -1
    assert reading._apart(first, np.array([0, 1, 2, 3]), sentences.texts) == [False, True, False, False]


def lists_of(path, gold, tempts=-1):
    rows = {
        "sentence": [np.array([10 + n], np.uint16) for n in range(4)], "question": [np.array([5], np.uint16)],
        "switched": [np.array([5], np.uint16)], "spoilt": [np.zeros(0, np.uint16)], "beside": [np.array([1, 2], np.int32)],
    }
    arrays = {name: np.concatenate(some) for name, some in rows.items()}
    arrays |= {f"{name}_len": np.array([len(r) for r in some], np.int32) for name, some in rows.items()}
    np.savez(
        path, gold=np.array([gold]), near=np.full((1, 24), -1), before=np.array([-1, -1, 1, 2]), title=np.array([-1, 0, 0, 0]),
        made=np.zeros(1, bool), kept=np.ones(1, bool), weight=np.ones(1), tempts=np.array([tempts]), **arrays,
    )  # fmt: skip
    return path


def test_a_question_that_nothing_answers_has_no_right_option(tmp_path):
    rng = np.random.default_rng(0)
    drawn = making.Lists(lists_of(tmp_path / "a.npz", -1), told=0.0).draw(3, rng)
    assert drawn.groups == [] and drawn.right.tolist() == [0.0] * 6
    assert {ids[3] for ids, _ in drawn.pairs} == {11, 12}
    loss = making.loss(lambda ids, segments, mask: torch.zeros(len(ids)), drawn)
    assert loss["choice"] == 0 and loss["answers"] > 0


def test_a_question_that_nothing_answers_always_meets_the_sentence_that_seems_to(tmp_path):
    lists = making.Lists(lists_of(tmp_path / "a.npz", -1, tempts=2), beside=1, told=0.0)
    for seed in range(8):
        drawn = lists.draw(1, np.random.default_rng(seed))
        assert [ids[3] for ids, _ in drawn.pairs] == [12, 11]


def test_with_a_sentence_are_told_its_title_and_the_one_before(tmp_path):
    drawn = making.Lists(lists_of(tmp_path / "a.npz", 3), told=1.0).draw(1, np.random.default_rng(0))
    assert drawn.pairs[0] == ([2, 5, 3, 13, 3, 10, 3, 12, 3], [0, 0, 0, 1, 1, 2, 2, 2, 2])
    untold = making.Lists(tmp_path / "a.npz", told=0.0).draw(1, np.random.default_rng(0))
    assert untold.pairs[0] == ([2, 5, 3, 13, 3], [0, 0, 0, 1, 1])


def test_what_was_added_to_the_words_learns_as_fast_as_if_they_were_not_stretched(tmp_path):
    torch.manual_seed(0)
    model = making.Reader(torch.randn(40, 16), layers=1, inner=32, positions=160, heads=2)
    torch.nn.init.ones_(model.score.weight)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    making.train(model, [(1.0, making.Lists(lists_of(tmp_path / "a.npz", 3)))], tmp_path / "out.safetensors", 1.0, steps=4, rate=1e-3)
    moved = {n: (p.detach() - before[n]).abs().max().item() for n, p in model.named_parameters() if p.requires_grad}
    assert 4 < moved["segments.weight"] / moved["layers.0.qkv.weight"] < 60


def test_training_goes_on_from_what_ships():
    folder = making.Path("index/reading")
    state, own = making.load_file(folder / "reader.safetensors"), making.load(folder / "reader.safetensors", making.Path("index/encoder"))
    name = "layers.0.qkv.weight"
    torch.testing.assert_close(own.state_dict()[name], state[name].float() * state[f"{name}.scale"].float())


def test_the_articles_that_ship_are_whole():
    found = list(written.read())
    assert len(found) >= 40
    asked = [(lang, bool(fact.golds)) for article in found for fact in article.facts for lang in fact.questions]
    for lang in written.LANGUAGES:
        assert sum(a == lang for a, _ in asked) > 250
        assert sum(article.lang == lang for article in found) >= 7
    assert sum(not answered for _, answered in asked) > 300
