"""Asking in a real browser: growing answers, stopping, asking again, editing, copying, and what the browser keeps."""

from __future__ import annotations

import json

from acting import act, focused, keep_picture, marker, questions, send, wait

from ui.texts import say


def test_an_answer_grows_and_ends(scripted, visit):
    with visit(scripted) as page:
        turn = send(page, "a slow question", "writing")
        page.wait_for_function("document.querySelector('.cc-answer').textContent === 'The articles '")
        assert page.locator("#cc-stop").is_visible() and not page.locator("#cc-ask").is_visible()
        wait(page, turn, "found")
        assert "4000亿元" in page.locator(".cc-answer").inner_text()
        assert page.locator("#cc-ask").is_visible() and not page.locator("#cc-stop").is_visible()


def test_stop_keeps_what_was_written_and_retry_asks_again(known, visit):
    with visit(known.address) as page:
        send(page, "a slow question", "writing")
        page.wait_for_function("document.querySelector('.cc-answer').textContent === 'The articles '")
        page.click("#cc-stop")
        wait(page, 0, "stopped")
        assert page.locator(".cc-answer").inner_text().strip() == "The articles"
        assert send(page, "How large?") == 1
        act(page, 0, "retry").click()
        page.wait_for_selector('.cc-turn[data-turn="0"][data-state="found"]')
        assert questions(page) == ["a slow question"]


def test_a_question_is_edited_in_its_place(known, visit):
    with visit(known.address) as page:
        send(page, "How large?")
        send(page, "And then?")
        assert known.chatbot.asked[-1]["history"] == ["How large? (in full)"]
        act(page, 0, "edit").click()
        assert focused(page, ".cc-edit")
        page.keyboard.press("Escape")
        assert questions(page) == ["How large?", "And then?"]
        act(page, 0, "edit").click()
        page.fill(".cc-edit", "what weather?")
        page.click(".cc-edit-acts .cc-first")
        page.wait_for_selector('.cc-turn[data-state="refusal"]')
        assert questions(page) == ["what weather?"]
        assert known.chatbot.asked[-1]["history"] == []


def test_an_error_is_told_and_the_question_is_back_in_the_box(scripted, visit):
    with visit(scripted) as page:
        send(page, "How large?")
        send(page, "this is broken", "stopped")
        notice = page.locator("#cc-notice [role=alert]")
        assert notice.inner_text() == "the language model does not answer: is it running?"
        assert page.input_value("#cc-question") == "this is broken"
        send(page, "How large?")
        assert notice.count() == 0
        assert page.locator(".cc-turn").count() == 3


def test_conversations_outlive_the_page_and_are_kept_apart(scripted, visit):
    with visit(scripted) as page:
        send(page, "How large?")
        page.reload()
        page.wait_for_selector('.cc-turn[data-state="found"]')
        assert questions(page) == ["How large?"]
        assert "4000亿元" in page.locator("#cc-panel mark").first.inner_text()
        page.click("#cc-clear")
        page.wait_for_selector(".cc-example")
        assert page.locator(".cc-turn").count() == 0
        assert page.locator(".cc-collection li").count() == 5
        send(page, "武汉有多少?")
        page.click("#cc-open-talks")
        assert page.locator(".cc-talk .cc-title").all_inner_texts() == ["武汉有多少?", "How large?"]
        page.locator(".cc-talk").nth(1).click()
        page.wait_for_function("document.querySelector('.cc-question')?.textContent === 'How large?'")
        page.click("#cc-open-talks")
        page.locator(".cc-talk-list .cc-quiet").nth(1).click()
        page.locator(".cc-talk-list .cc-quiet").nth(1).click()
        page.wait_for_function("document.querySelectorAll('.cc-talk').length === 1")
        page.keyboard.press("Escape")
        page.wait_for_selector(".cc-example")


def test_an_answer_is_copied_and_a_conversation_exported_with_its_sources(scripted, visit):
    with visit(scripted) as page:
        send(page, "How large?")
        act(page, 0, "copy").click()
        page.wait_for_function(f"document.querySelector('[data-act=copy]').textContent === {json.dumps(say('en', 'copied'))}")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert "4000亿元" in copied and "- [1] **[" in copied and f"{scripted}/?article=003_" in copied

        def export(name: str) -> tuple[str, str]:
            page.click("#cc-export summary")
            with page.expect_download() as download:
                page.click(f"#cc-export [data-format={name}]")
            return download.value.suggested_filename, download.value.path().read_text(encoding="utf-8")

        name, text = export("markdown")
        assert name == "How-large.md" and text.startswith("# How large?") and "4000亿元" in text
        name, text = export("json")
        citations = json.loads(text)["turns"][0]["citations"]
        assert name == "How-large.json" and [c["marker"] for c in citations] == [1, 2]


def test_each_example_question_is_answered_from_an_article_in_another_language(crosscite, visit):
    with visit(crosscite) as page:
        page.wait_for_selector(".cc-example")
        offered = page.locator(".cc-example").count()
        assert offered == 4
        for number in range(offered):
            if number:
                page.click("#cc-clear")
            example = page.locator(".cc-example").nth(number)
            lang = example.get_attribute("lang")
            example.click()
            wait(page, 0, "found")
            source = page.locator('.cc-source[data-open="true"] .cc-quotation').get_attribute("lang")
            assert source.split("-")[0] != lang.split("-")[0], lang
        marker(page, 0, 1).click()
        page.wait_for_selector("#cc-reader mark")
        keep_picture(page, "chat-desktop")


def test_why_an_answer_is_as_it_is_can_be_unfolded(scripted, visit):
    with visit(scripted) as page:
        send(page, "How large?")
        page.locator(".cc-why > summary").click()
        why = page.locator(".cc-why").inner_text()
        for words in ("How large? (in full)", "English → English", "90 %", "supported [1]", "supported [2]",
                      "The moon is made of cheese.", "no passage supports an answer", "search", "120 ms", "310 ms", "industry"):
            assert words in why, words
        assert page.locator(".cc-why tbody tr").count() == 4 + 3  # hits and stages


def test_an_answer_is_rated_where_ratings_are_kept(known, visit):
    path = known.folder / "good.jsonl"
    with visit(known.address) as page:
        send(page, "How large is the rating?")
        act(page, 0, "good").click()
        page.wait_for_selector('[data-act="good"][aria-pressed="true"]')
        page.fill(".cc-comment input", "exactly")
        page.click(".cc-comment button")
        page.wait_for_selector("p.cc-comment")
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        assert [(r["comment"], r["answerable"]) for r in rows if r["question"] == "How large is the rating?"] == [("exactly", True)]
        act(page, 0, "good").click()
        page.wait_for_selector('[data-act="good"][aria-pressed="false"]')
        assert "rating" not in path.read_text(encoding="utf-8").replace('"rating"', "")
