"""Claims to citations: markers, exact spans, nothing that reads as a marker."""

import re

import pytest
from claims import ARTICLE, HIT, SENTENCES, claim
from hypothesis import given
from hypothesis import strategies as st

from index.types import Span
from rag.citations import Citations, disarm
from rag.types import Source


def test_markers_count_from_one_in_order_of_first_use_and_a_sentence_has_one_marker():
    citations = Citations({"a": ARTICLE}, [HIT])
    first = citations.add(claim(sources=[Source(0, SENTENCES[1])]))
    second = citations.add(claim("B", [Source(0, SENTENCES[0]), Source(0, SENTENCES[1])]))
    assert first == "Wuhan plant 200 Milliarden Yuan. [1]"
    assert second == "\nB [2] [1]"
    assert [(c.marker, c.quote) for c in citations.found] == [
        (1, "Shenzhen zählt 2.800 Firmen [3]."), (2, "Wuhan plant 200 Milliarden Yuan."),
    ]


@pytest.mark.parametrize("source", [Source(1), Source(-1), Source(0, Span(0, 66)), Source(0, Span(5, 5))])
def test_a_source_outside_the_hits_is_the_generators_mistake(source):
    with pytest.raises(ValueError, match=r"hit|passage"):
        Citations({"a": ARTICLE}, [HIT]).add(claim(sources=[source]))


@pytest.mark.parametrize("text", ["[3]", "［3］", "【12】", "[1, 2]", "[1-3]", "[ 7 ]"])
def test_nothing_in_a_quotation_reads_as_a_marker(text):
    assert disarm(f"x {text} y").replace("\u2060", "") == f"x {text} y"
    assert "\u2060" in disarm(f"x {text} y")
    assert disarm("[Beijing] and [2025 plan] stay") == "[Beijing] and [2025 plan] stay"


@given(st.text(st.sampled_from("[]［］【】0123456789 ,，、;-–^ab中\n"), max_size=40))
def test_after_disarming_no_marker_is_left(text):
    assert not re.search(r"[\[［【][\d\s,，、\-–^]*\d[\d\s,，、\-–]*[\]］】]", disarm(text))
    assert disarm(text).replace("\u2060", "") == text.replace("\u2060", "")


@given(st.lists(st.lists(st.integers(0, 1), min_size=1, max_size=3), min_size=1, max_size=6))
def test_markers_run_from_one_without_gaps_in_order_of_first_use(drafts):
    citations = Citations({"a": ARTICLE}, [HIT])
    text = "".join(citations.add(claim("x", [Source(0, SENTENCES[n]) for n in used])) for used in drafts)
    shown = [int(m) for m in re.findall(r"\[(\d+)\]", text)]
    assert list(dict.fromkeys(shown)) == [c.marker for c in citations.found] == list(range(1, len(citations.found) + 1))
