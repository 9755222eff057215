"""Places by name across languages."""

import pytest

from rag.places import each_place, named, places, topic, written


@pytest.mark.parametrize("text", ["Pekings Branche", "the Beijing plan", "北京的计划", "北京市", "der Pekinger Fonds", "Beijing's plan"])
def test_a_place_is_one_place_in_every_language(text):
    assert named(text) == {"北京"}


def test_a_span_names_the_place_in_the_text_as_it_is():
    text = "In 廣州 und Guangzhou"
    assert [p.span.of(text) for p in places(text)] == ["廣州", "Guangzhou"]


@pytest.mark.parametrize("text", ["the paris of my heart", "Parisade", "ein kanton", "Romane"])
def test_words_that_only_look_like_a_place_are_none(text):
    assert named(text) == frozenset()


def test_the_topic_is_the_nearest_place_named():
    assert topic(["es wächst", "In Wuhan", "In Chengdu"]) == {"武汉"}
    assert topic(["es wächst"]) == frozenset()


def test_a_place_is_written_as_the_reader_writes_it():
    assert [written("北京", lang) for lang in ("en", "de", "zh-Hans", "zh-Hant")] == ["Beijing", "Peking", "北京", "北京"]
    assert [written("广州", lang) for lang in ("en", "de", "zh-Hant")] == ["Guangzhou", "Guangzhou", "廣州"]


def test_a_question_about_two_places_is_asked_of_each():
    assert each_place("Wie groß sind Shenzhen und Peking?") == ("Wie groß sind Shenzhen?", "Wie groß sind Peking?")
    assert each_place("深圳和上海各有多少？") == ("深圳各有多少？", "上海各有多少？")
    assert each_place("What is planned in Panyu, Guangzhou?") == ()
    assert each_place("What does Wuhan plan?") == ()
