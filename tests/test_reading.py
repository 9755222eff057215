"""The reader: what it learns from, how it is made, and the shipped one."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from index.embedder import load_embedder  # noqa: E402
from index.encoder_onnx import Loading, multiplies_int8  # noqa: E402
from index.errors import UserError  # noqa: E402
from index.reader import BEFORE, FOLDER, GRAPH, GRAPH_INT8, OWN, QUESTION, SENTENCE, Reader, context, pair, reader  # noqa: E402
from index.training import reader as making  # noqa: E402
from index.training.holes import FIGURE, Holes  # noqa: E402
from index.training.reading import Sentences  # noqa: E402


@pytest.fixture
def holes():
    return Holes({"武汉", "深圳", "人工智能"}, np.random.default_rng(0))


def test_a_pair_is_question_sentence_and_what_stands_before_each_cut_to_its_length():
    assert pair([5, 6], [7], [8]) == ([2, 5, 6, 3, 7, 3, 8, 3], [0, 0, 0, 0, 1, 1, 2, 2])
    assert pair([5], [7], []) == ([2, 5, 3, 7, 3], [0, 0, 0, 1, 1])
    ids, segments = pair([9] * 500, [9] * 500, [9] * 500)
    assert len(ids) == len(segments) == QUESTION + SENTENCE + BEFORE + 4


def test_what_is_read_before_is_the_titles_beginning_and_the_end_of_the_text():
    assert context([1, 2], [4, 5]) == [1, 2, 3, 4, 5]
    assert context([1, 2], []) == [1, 2] and context([], [4, 5]) == [4, 5]
    long = context(list(range(100, 200)), list(range(200, 300)))
    assert len(long) == BEFORE and long[:16] == list(range(100, 116)) and long[-1] == 299


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "The city of Wuhan had more than 1,500 companies at the end of 2024."),
        ("de", "Die Stadt Wuhan hatte Ende 2024 mehr als 1.500 Unternehmen."),
        ("zh-Hans", "2024年底武汉共有1500家人工智能企业，同比增长两成。"),
    ],
)
def test_a_question_asks_for_words_of_the_sentence_and_does_not_hold_them(holes, lang, text):
    asked = [holes.ask(text, lang) for _ in range(200)]
    assert sum(a is not None for a in asked) > 150  # a hole may leave too little to ask with
    for question, answer in filter(None, asked):
        assert answer in text and question.rstrip("?？") and (answer not in question or len(answer) < 3 or text.count(answer) > 1)


def test_too_short_a_sentence_gives_no_question(holes):
    assert holes.ask("Well done.", "en") is None and holes.ask("很好。", "zh-Hans") is None


def test_a_spoilt_question_has_another_figure_or_name(holes):
    names = holes.named([("深圳有多少企业？", "zh-Hans"), ("武汉有多少企业？", "zh-Hans")])
    assert names == {("zh", 2): ["深圳", "武汉"]}
    for _ in range(50):
        spoilt = holes.spoilt("武汉在2024年有多少企业？", "zh-Hans", "武汉有企业", names)
        assert spoilt is None or ("武汉" not in spoilt) or FIGURE.findall(spoilt) != ["2024"]
    assert holes.spoilt("How does it work?", "en", "It works.", {}) is None


def test_sentences_keep_one_number_each_and_what_stood_before_first():
    sentences = Sentences()
    first = sentences.add(" A. ")
    assert (sentences.add("B.", first), sentences.add("A."), sentences.add("B.", 7)) == (1, 0, 1)
    assert sentences.texts == ["A.", "B."] and sentences.before == [-1, 0]


def test_the_loss_is_cross_entropy_over_the_options_and_over_each_pair():
    scores = {(1,): 2.0, (2,): 0.5, (3,): -1.0}
    model = lambda ids, segments, mask: torch.tensor([scores[(int(i[0]),)] for i in ids])  # noqa: E731
    drawn = making.Drawn([([1], [0]), ([2], [0]), ([3], [0])], [(0, 2)], torch.tensor([1.0, 0.0, 0.0]))
    parts = making.loss(model, drawn)
    assert parts["choice"].item() == pytest.approx(-np.log(np.exp(2) / (np.exp(2) + np.exp(0.5))), abs=1e-6)
    each = [3 * np.log1p(np.exp(-2.0)), np.log1p(np.exp(0.5)), np.log1p(np.exp(-1.0))]
    assert parts["answers"].item() == pytest.approx(0.5 * np.mean(each), abs=1e-6)


def test_training_learns_what_marks_the_right_option(tmp_path):
    """Here it is the token 9."""
    rng = np.random.default_rng(0)
    sentences = [rng.integers(10, 40, 6).astype(np.uint16) for _ in range(60)]
    for sentence in sentences[:20]:
        sentence[rng.integers(6)] = 9
    columns = {
        "sentence": sentences, "question": [np.array([5], np.uint16)] * 20, "switched": [np.array([6], np.uint16)] * 20,
        "spoilt": [np.zeros(0, np.uint16)] * 20, "beside": [np.array([20 + n, 40 + n], np.int32) for n in range(20)],
    }
    arrays = {name: np.concatenate(rows) for name, rows in columns.items()}
    arrays |= {f"{name}_len": np.array([len(r) for r in rows], np.int32) for name, rows in columns.items()}
    np.savez(
        tmp_path / "lists.npz", gold=np.arange(20), near=rng.integers(20, 60, (20, 24)), before=np.full(60, -1, np.int32),
        title=np.full(60, -1, np.int32), made=np.zeros(20, bool), kept=np.ones(20, bool), weight=np.ones(20), tempts=np.full(20, -1),
        **arrays,
    )  # fmt: skip
    lists = making.Lists(tmp_path / "lists.npz")
    torch.manual_seed(0)
    model = making.Reader(torch.randn(40, 16), layers=1, inner=32, positions=160, heads=2)
    drawn = lists.draw(50, rng)
    assert {n for _, n in drawn.groups} == {making.OPTIONS} and drawn.right.sum() == 50
    making.train(model, [(1.0, lists)], tmp_path / "reader.safetensors", 1.0, steps=80, rate=1e-2)
    with torch.inference_mode():
        scores = model(*making.padded(drawn.pairs))
    assert np.mean([scores[at : at + n].argmax() == 0 for at, n in drawn.groups]) > 0.9


def test_the_shipped_reader_prefers_the_sentence_that_answers_across_languages():
    sentences = ["武汉人工智能企业超过1500家。", "The conference was opened on 3 February.", "Shenzhen is a city in the south."]
    for question in ("Wie viele KI-Unternehmen gibt es in Wuhan?", "How many AI companies does Wuhan have?", "武漢有多少人工智慧企業？"):
        scores = reader().scores(question, sentences, [""] * 3, [""] * 3)
        assert scores.argmax() == 0 and scores[0] > 0 > max(scores[1:])
    assert reader().scores("Wer?", [], [], []).shape == (0,)


def test_scores_do_not_depend_on_what_else_is_read():
    texts = ["Wuhan hat über 1.500 Unternehmen.", "武汉人工智能企业超过1500家。", "Wuhan", "x" * 3000]
    whole = reader().scores("Wie viele Unternehmen?", texts, ["Titel"] * 4, ["Davor."] * 4)
    each = [reader().scores("Wie viele Unternehmen?", [t], ["Titel"], ["Davor."])[0] for t in texts]
    np.testing.assert_allclose(whole, each, atol=1e-4)


@pytest.mark.skipif(not multiplies_int8(), reason="without VNNI the rounded graph is not taken")
def test_rounded_states_give_nearly_the_same_scores():
    """Those of a question's sentences lie some six apart."""
    texts = ["Die Fabrik wurde 1994 gegründet.", "工厂建于1994年。", "The factory has 300 workers.", "天气很好。"]
    exact, rounded = (
        Reader(int8=int8).scores("When was the factory founded?", texts, ["Fabrik"] * 4, [""] * 4) for int8 in (False, True)
    )
    assert np.ptp(exact) > 2 and 0 < np.abs(exact - rounded).max() < 0.3


def test_a_missing_or_damaged_reader_is_told(tmp_path):
    with pytest.raises(UserError, match="reinstall"):
        Reader(tmp_path)
    for name in (GRAPH, GRAPH_INT8, OWN):
        (tmp_path / name).write_bytes(b"junk")
    with pytest.raises(UserError, match="damaged"):
        Reader(tmp_path).scores("Wer?", ["Anna."], [""], [""])


def test_weights_that_are_not_those_of_the_graph_are_told(tmp_path):
    for name in (GRAPH, GRAPH_INT8, OWN):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    changed = bytearray((tmp_path / OWN).read_bytes())
    changed[len(changed) // 2] ^= 1
    (tmp_path / OWN).write_bytes(changed)
    with pytest.raises(UserError, match=rf"{OWN}.*reinstall"):
        Reader(tmp_path).scores("Wer?", ["Anna."], [""], [""])


def test_what_cannot_be_loaded_after_a_fork_is_told_each_time(monkeypatch):
    gate, calls = threading.Event(), []

    def load():
        calls.append(len(calls))
        if len(calls) == 1:
            gate.wait(60)
        raise UserError("damaged")

    loading = Loading(load)
    monkeypatch.setattr("index.encoder_onnx.os.getpid", lambda: -1)
    for _ in range(2):
        with pytest.raises(UserError, match="damaged"):
            loading.result()
    gate.set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize(
    ("make", "use"),
    [
        (Reader, lambda made: made.scores("Wer?", ["Anna."] * 3, [""] * 3, ["", "Da.", "Und dort."])),
        (load_embedder, lambda made: made.encode_passages(["a", "one two", "drei vier fünf"])),
    ],
)
def test_a_forked_process_reads_and_encodes_too(make, use, used):
    """A thread that loads, or waits for work, is not forked with its process."""
    forking = make()
    if used:
        use(forking)
    child = os.fork()
    if not child:
        os._exit(0 if len(use(forking)) == 3 else 1)
    for _ in range(300):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.1)
    else:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        pytest.fail("the forked process waits for ever")
    assert os.waitstatus_to_exitcode(status) == 0
