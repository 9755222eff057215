"""Near-duplicates: the same words and the same figures."""

import pytest

from index.duplicates import groups, overlap, same

STORY = "The harbour bridge of Altmünde was opened to the public in 1987 after four years of work on both river banks."


@pytest.mark.parametrize(
    "other",
    [
        STORY, STORY.upper(), f"  {STORY}\n]", STORY.replace("was opened", "was re-opened"), STORY.replace(" of work", ""),
        STORY + " END",
    ],
)
def test_the_same_story_is_one(other):
    assert same(STORY, other) and same(other, STORY)


@pytest.mark.parametrize(
    "other",
    [
        STORY.replace("1987", "1988"), "", "The harbour bridge.", STORY[:60], STORY + STORY.replace("harbour", "railway"),
        "Die Hafenbrücke von Altmünde wurde 1987 eröffnet.",
    ],
)
def test_other_figures_a_part_or_a_translation_are_two(other):
    assert not same(STORY, other) and not same(other, STORY)


def test_scripts_and_pinyin_debris_do_not_tell_texts_apart():
    assert same("人工智能企業(yè)總數(shù)占全國的83%", "人工智能企业总数占全国的83%")


def test_groups_keep_the_order_and_stop_when_they_are_enough():
    asked = []

    def texts():
        for text in ("a b c d", "x y z", "A B C D", "x y z", "q q q", "never read"):
            asked.append(text)
            yield text

    assert groups(texts(), 2, same) == [[0, 2], [1, 3]]
    assert asked[-1] == "q q q"
    assert groups([], 3, same) == [] and groups(["a"], 0, same) == []


def test_the_overlap_is_that_of_the_shorter_text():
    assert overlap("abcdef", "xabcdefgh") == 1.0 == overlap("xabcdefgh", "abcdef")
    assert overlap("abcdef", "abcxyz") == 0.25 and overlap("", "abc") == 0.0
