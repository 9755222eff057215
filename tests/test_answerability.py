"""Whether a question is answered at all, and how the numbers for that are fitted."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from eval.calibrate import ANSWERED, FAR, cut, topic_cut
from eval.fitting import choice, folds_by, logistic
from index.reader import reader
from index.types import Hit, Passage, Span, Why
from rag.answerability import FEATURES, features, judge
from rag.calibration import VERSION, Calibration, Linear, calibration, load, save
from rag.evidence import WEIGHED, Evidence
from rag.signals import SIGNALS

PASSAGE = Passage("a", "de", 0, 9, "Ein Satz.", (Span(0, 9),))


def hit(score=1.0, cosine=0.5):
    return Hit(PASSAGE, score, Why(dense_score=cosine))


def test_a_linear_model_is_the_standardised_sum():
    model = Linear(("a", "b"), (2.0, -1.0), (1.0, 0.0), (4.0, 2.0), 0.5)
    assert model([3.0, 6.0]) == pytest.approx(0.5 + 2 * (3 - 1) / 4 - 6 / 2)
    with pytest.raises(ValueError, match="need 2 values, got 1"):
        model([1.0])


def test_the_probability_is_the_logistic_function_and_never_overflows():
    model = Calibration(VERSION, "e", "r", *[Linear((), (), (), ())] * 2, Linear(("a",), (2.0,), (1.0,), (4.0,), 0.5), 0.5, 0.0, 0.0)
    assert model.probability([3.0]) == pytest.approx(1 / (1 + math.exp(-1.5)))
    assert (model.probability([-1e9]), model.probability([1e9])) == (0.0, 1.0)


def test_the_shipped_calibration_is_that_of_the_shipped_models(embedder):
    shipped = calibration()
    assert (shipped.encoder, shipped.reader) == (embedder.name, reader().name)
    assert (shipped.first.names, shipped.sentence.names, shipped.answerable.names) == (SIGNALS, WEIGHED, FEATURES)


def test_a_calibration_is_read_back_as_it_was_written_and_another_version_is_refused(tmp_path):
    save(calibration(), tmp_path / "c.json")
    assert load(tmp_path / "c.json") == calibration()
    (tmp_path / "c.json").write_text('{"version": 1}')
    with pytest.raises(ValueError, match=r"eval\.calibrate"):
        load(tmp_path / "c.json")


def found(score, count=2, **signals):
    values = tuple(signals.get(name, 0.5) for name in WEIGHED)
    return [Evidence(0, Span(0, 9), score - n, "figure", values, (), "q") for n in range(count)]


def test_a_sentence_about_the_place_and_year_asked_for_is_likelier_to_answer():
    right, _ = judge(found(10.0, year=1.0, elsewhere=0.0), [hit()], "en")
    wrong, _ = judge(found(10.0, year=-1.0, elsewhere=1.0), [hit()], "en")
    assert right > wrong


def test_without_evidence_nothing_was_retrieved_and_a_remote_topic_is_out_of_scope():
    assert judge([], [], "en") == (0.0, "nothing_retrieved")
    elsewhere = found(1.0, year=-1.0, elsewhere=1.0, kind=0.0, listed=0.0)
    assert judge(elsewhere, [hit(calibration().topic + 0.1, 0.1)], "en")[1] == "not_supported"
    assert judge(elsewhere, [hit(calibration().topic - 0.1, 0.1)], "en")[1] == "out_of_scope"
    assert judge(found(1.0, year=1.0, elsewhere=0.0, kind=1.0), [hit(1.2, 0.8)], "en")[1] is None


def test_the_features_are_those_of_the_best_sentence_and_of_the_hits():
    values = dict(zip(FEATURES, features(found(3.0, year=-1.0, elsewhere=1.0), [hit(2.0, 0.25)], "de-CH"), strict=True))
    assert values["margin"] == 1.0 and values["dense"] == 0.25 and values["hit"] == 2.0 and values["year"] == -1.0
    assert values["elsewhere"] == 1.0 and values["own_language"] == 1.0
    assert values["wants_figure"] == 1.0 and sum(v for n, v in values.items() if n.startswith("wants_")) == 1.0


def test_a_choice_learns_which_column_decides():
    rng = np.random.default_rng(0)
    options, right = [], []
    for _ in range(60):
        x = rng.normal(size=(5, 3))
        options.append(x)
        right.append(x[:, 1] == x[:, 1].max())
    weights, mean, scale = choice(options, right, l2=1.0)
    assert weights[1] > 1 and abs(weights[[0, 2]]).max() < 0.7
    chosen = [(((x - mean) / scale) @ weights).argmax() == y.argmax() for x, y in zip(options, right, strict=True)]
    assert np.mean(chosen) > 0.9


def test_a_choice_is_where_the_gradient_vanishes():
    rng = np.random.default_rng(1)
    options = [rng.normal(size=(4, 2)) for _ in range(30)]
    right = [np.arange(4) == rng.integers(4) for _ in range(30)]
    w, mean, scale = choice(options, right, l2=2.0)
    gradient = 2.0 * w
    for x, y in zip(options, right, strict=True):
        z = (x - mean) / scale
        p = np.exp(z @ w) / np.exp(z @ w).sum()
        gradient = gradient + z.T @ (p - y)
    assert np.abs(gradient).max() < 1e-6


def test_a_logistic_regression_is_where_the_gradient_vanishes_with_both_classes_alike():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(80, 2)), (rng.random(80) < 0.7).astype(float)
    b, w, mean, scale = logistic(x, y, l2=1.5)
    z = (x - mean) / scale
    share = np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    error = share * (1 / (1 + np.exp(-(b + z @ w))) - y)
    assert np.abs(z.T @ error + 1.5 * w).max() < 1e-6 and abs(error.sum()) < 1e-3


@pytest.mark.parametrize("y", [np.ones(4), np.zeros(4)])
def test_one_class_cannot_be_fitted(y):
    with pytest.raises(ValueError, match="answerable"):
        logistic(np.zeros((4, 1)), y, 1.0)


def test_a_weight_of_the_wrong_sign_is_left_out_and_the_rest_fitted_without_it():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(300, 3))
    x[:, 2] = x[:, 0] + 0.3 * rng.normal(size=300)  # says what the first says, less well
    y = (x[:, 0] - 0.8 * x[:, 1] + rng.normal(size=300) > 0).astype(float)
    b, w = logistic(x, y, 0.1, [1, 1, -1])[:2]
    assert w[0] > 0 and w[1] == w[2] == 0
    alone = logistic(x[:, :1], y, 0.1)
    np.testing.assert_allclose((b, w[0]), (alone[0], alone[1][0]), atol=1e-6)
    np.testing.assert_allclose(logistic(x, y, 0.1, [1, -1, 0])[1], logistic(x, y, 0.1)[1])


def test_versions_of_a_fact_share_a_fold():
    facts = [f"f{i % 25}" for i in range(100)]
    folds = folds_by(facts)
    assert {f: len({k for k, g in zip(folds, facts, strict=True) if g == f}) for f in facts} == dict.fromkeys(facts, 1)
    assert set(folds.tolist()) == set(range(10))


def test_the_cut_answers_as_many_as_it_should_and_no_more():
    answerable = np.arange(200) % 2 == 0
    odds = np.random.default_rng(4).normal(size=200) + answerable
    at = cut(odds, answerable)
    assert (odds[answerable] >= at).sum() == ANSWERED * 100 and (odds[answerable] == at).any()


def test_the_topic_cut_leaves_out_the_farthest_of_the_answerable():
    read = [SimpleNamespace(hits=[hit(n / 1000, 0.1)], question=SimpleNamespace(answerable=n < 201)) for n in range(301)]
    assert topic_cut(read) == pytest.approx(FAR * 0.2)
