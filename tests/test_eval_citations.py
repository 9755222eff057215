"""Citations sentence by sentence, by hand."""

from dataclasses import dataclass

import pytest

from eval.metrics import attribution, exactness, refusals, statements, supports


@dataclass(frozen=True)
class Cited:
    marker: int
    article_id: str
    start: int
    end: int
    quote: str = ""


GOLD = (Cited(0, "x", 10, 20),)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("One. [1] Two [2][3]. Three.", [("One.", (1,)), ("Two [2][3].", (2, 3)), ("Three.", ())]),
        ("一句。[1]二句！[2]", [("一句。", (1,)), ("二句！", (2,))]),
        ("Nur ein Satz [1] [1]", [("Nur ein Satz", (1,))]),
        ("Sie schreibt: „Am 3. Februar war es.“ [1]", [("Sie schreibt: „Am 3. Februar war es.“", (1,))]),
        ("", []),
    ],
)
def test_markers_belong_to_their_sentence(text, wanted):
    assert [(s.text, s.markers) for s in statements(text)] == wanted


def test_a_quotation_of_several_sentences_is_one_statement():
    quote = "第一句。第二句 [7]。"
    (said,) = statements(f"文章写道：“{quote}” [1]", [quote])
    assert said.markers == (1,) and quote in said.text
    assert len(statements(f"文章写道：“{quote}” [1]")) > 1


def test_support_is_one_right_citation_or_half_of_a_span_together():
    assert supports([Cited(1, "x", 0, 30)], GOLD)
    assert not supports([Cited(1, "x", 18, 40)], GOLD) and not supports([Cited(1, "y", 10, 20)], GOLD)
    halves = [Cited(1, "x", 0, 13), Cited(2, "x", 18, 40)]  # 3 and 2 of 10 characters
    assert not supports(halves[:1], GOLD) and not supports(halves[1:], GOLD)
    assert supports(halves, GOLD)


def test_attribution_by_hand():
    right, wrong = Cited(1, "x", 10, 20), Cited(2, "z", 0, 5)
    # First sentence: supported by [1]; [2] is idle beside it. Second: not supported. Third: cites nothing.
    got = attribution("Eins [1][2]. Zwei [2]. Drei.", [right, wrong], GOLD)
    assert (got.precision, got.recall, got.uncited) == (pytest.approx(1 / 3), pytest.approx(1 / 3), pytest.approx(1 / 3))
    together = [Cited(1, "x", 0, 13), Cited(2, "x", 18, 40)]
    got = attribution("一句[1][2]。", together, GOLD)
    assert (got.precision, got.recall, got.uncited) == (1, 1, 0)  # neither is idle: each needs the other
    got = attribution("Nichts. [9]", [right], GOLD)  # a marker that opens nothing
    assert (got.precision, got.recall, got.uncited) == (None, 0, 1)
    assert attribution("", [], GOLD).recall is None


def test_a_quote_is_exact_to_the_letter_or_not():
    texts = {"x": "0123456789"}
    right, wrong = Cited(1, "x", 2, 5, "234"), Cited(2, "x", 2, 5, "345")
    assert exactness([right, wrong, Cited(3, "y", 2, 5, "234")], texts) == pytest.approx(1 / 3)
    assert exactness([], texts) is None


def test_refusals_by_hand():
    # three answerable, one of them refused; two unanswerable, one of them answered
    got = refusals([(True, False), (True, False), (True, True), (False, True), (False, False)])
    assert (got.precision, got.recall, got.hallucination_rate) == (1 / 2, 1 / 2, 1 / 2)
    assert got.error_rate == pytest.approx(1 / 3)
    only = refusals([(True, False)])
    assert (only.precision, only.recall, only.hallucination_rate, only.error_rate) == (None, None, None, 0)
