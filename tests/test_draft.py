"""Drafts of a language model, cut into sentences with their markers."""

import pytest

from rag.draft import LONGEST_SENTENCE, Draft


def parsed(*pieces: str) -> list[tuple[str, tuple[int, ...]]]:
    draft = Draft()
    sentences = [s for piece in pieces for s in draft.feed(piece)] + draft.close()
    return [(s.text, s.numbers) for s in sentences]


@pytest.mark.parametrize(
    ("draft", "sentences"),
    [
        ("A is 1 [1]. B is 2. [2] C is 3[3]", [("A is 1.", (1,)), ("B is 2.", (2,)), ("C is 3", (3,))]),
        ("It has 40 [1]. The city has 50 [2, 3].", [("It has 40.", (1,)), ("The city has 50.", (2, 3))]),
        ("A [1] and B [2][1].", [("A and B.", (1, 2))]),
        ("甲有40家[1]。乙有50家。[2]丙有60家【3】！丁呢？［4］", [("甲有40家。", (1,)), ("乙有50家。", (2,)), ("丙有60家！", (3,)), ("丁呢？", (4,))]),
        ("他说：“有40家。”[1]然后走了。[2]", [("他说：“有40家。”", (1,)), ("然后走了。", (2,))]),
        ("Am 3. Februar 2025, z. B. um 9 Uhr [1]. Danach nichts [2].", [("Am 3. Februar 2025, z. B. um 9 Uhr.", (1,)), ("Danach nichts.", (2,))]),
        ("Es wuchs um 3.5 Prozent [1].\n\nDanach nicht [2].", [("Es wuchs um 3.5 Prozent.", (1,)), ("Danach nicht.", (2,))]),
        ("- Erstens [1]\n- Zweitens [2]\n3. Drittens [3]", [("Erstens", (1,)), ("Zweitens", (2,)), ("Drittens", (3,))]),
        ("**Bold** and __more__ [1].\n# Head\n> Quote [2].", [("Bold and more.", (1,)), ("Head", ()), ("Quote.", (2,))]),
        ("A [1-3]. B [^1]. C [①]. D 【3†source】. E (1). F [¹].", [(f"{c}.", ()) if c != "E" else ("E (1).", ()) for c in "ABCDEF"]),
        ("A [0]. B [99]. C ［１］.", [("A.", (0,)), ("B.", (99,)), ("C.", (1,))]),
        ("Yes.\nSources:\n[1] One\n[2] Two", [("Yes.", ()), ("Sources:", ()), ("One", ()), ("Two", ())]),
        ("Use `a[1]` here [2].", [("Use `a[1]` here.", (2,))]),
        ("```\nx = a[1]\n```\nDone [1].", [("x = a[1]", ()), ("Done.", (1,))]),
        ("See ![x](http://e/a.png), [link](javascript:x) [1].", [("See x, link.", (1,))]),
        ("<think>A is 9 [1].</think>A is 1 [1].", [("A is 1.", (1,))]),
        ("<think>never closed [1].", []), ("", []), (" \n ", []), ("[1]", []),
        ("A\u200b is\u202e 1 [\u20601\u2060].", [("A is 1.", (1,))]),
        ("NO ANSWER", [("NO ANSWER", ())]),
    ],
)
def test_sentences_and_the_markers_that_belong_to_them(draft, sentences):
    assert parsed(draft) == sentences == parsed(*draft)


def test_a_sentence_is_given_as_soon_as_the_next_one_begins():
    draft = Draft()
    assert draft.feed("It has 40 [1]") == [] and draft.feed(". ") == []
    (sentence,) = draft.feed("T")
    assert (sentence.text, sentence.numbers) == ("It has 40.", (1,))
    assert draft.feed("he") == [] and [s.text for s in draft.close()] == ["The"]


def test_a_marker_in_the_making_is_waited_for():
    draft = Draft()
    assert draft.feed("甲有40家。[") == draft.feed("1") == draft.feed("]") == []
    (sentence,) = draft.feed("乙")
    assert sentence.numbers == (1,)


def test_what_runs_on_without_a_stop_is_cut():
    found = parsed(*["word "] * 3000)
    assert len(found) > 2 and all(len(text) <= LONGEST_SENTENCE and not numbers for text, numbers in found)


def test_lines_are_told_from_sentences_of_a_line():
    draft = Draft()
    assert [s.before for s in [*draft.feed("A. [1] B. [2]\n\nC. [3]"), *draft.close()]] == [" ", " ", "\n"]
