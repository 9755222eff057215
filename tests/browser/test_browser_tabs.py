"""Settings, articles and scores in a real browser: what is chosen is remembered, what is added can be asked about."""

from __future__ import annotations

import pytest
from acting import PHONE, free_port, keep_picture, marker, send, tab
from scripted import Scripted

from ui.texts import INTERFACES, catalog, say

BRIDGE = (
    "The Quillon bridge\n\nThe Quillon bridge was opened on 14 May 1931 and is 412 metres long. It carries four tram lines. "
    "<script>window.broken=1</script><img src=x onerror=window.broken=1> ![x](http://example.org/x.png) "
    "[y](javascript:window.broken=1)\n"
)


@pytest.mark.parametrize("ui", INTERFACES)
def test_the_interface_speaks_the_browsers_language(scripted, visit, ui):
    locale = {"zh-Hans": "zh-CN", "zh-Hant": "zh-TW", "de": "de-AT"}.get(ui, "fr-FR")
    with visit(scripted, locale=locale) as page:
        assert page.locator(".cc-tab").all_inner_texts() == [catalog(ui)[v] for v in ("chat", "reader", "articles", "scores")]
        assert page.locator("#cc-question").get_attribute("placeholder") == catalog(ui)["question_placeholder"]
        assert page.locator("#cc-app").get_attribute("lang") == ui
        assert page.locator("#cc-panel h2").inner_text() == say(ui, "collection", n=5)


def test_what_is_chosen_is_remembered_and_sent(known, visit):
    with visit(known.address) as page:
        send(page, "How large?")
        page.click("#cc-open-settings")
        fields = page.locator("#cc-settings select")
        fields.nth(0).select_option("de")
        page.wait_for_function("document.querySelector('#cc-ask').textContent === 'Fragen'")
        page.wait_for_function("document.querySelector('.cc-show')?.textContent === '2 Quellen'")
        fields.nth(1).select_option("dark")
        fields.nth(2).select_option("zh-Hant")
        page.locator(".cc-tick", has_text="English").click()
        page.locator("#cc-settings input[type=range]").fill("5")
        assert fields.nth(3).locator("option").all_inner_texts() == ["fake:model", say("de", "no_model")]
        fields.nth(3).select_option("")
        page.keyboard.press("Escape")
        page.reload()
        page.wait_for_selector("#cc-app[data-loaded]")
        assert page.locator("#cc-ask").inner_text() == "Fragen"
        assert page.locator("body").evaluate("b => b.classList.contains('dark')")
        send(page, "And now?")
        chosen = {"k": 5, "answer_lang": "zh-Hant", "source_langs": ["en"], "history": ["How large? (in full)"]}
        assert known.chatbot.asked[-1] == {"question": "And now?", **chosen}
        page.click("#cc-open-settings")
        page.locator("#cc-settings .cc-second").click()
        page.locator("#cc-settings .cc-second").click()
        page.wait_for_selector(".cc-example")
        assert page.locator("#cc-ask").inner_text() == "Ask"
        assert page.evaluate("localStorage.getItem('crosscite.conversations')") is None


def test_articles_are_added_asked_about_and_deleted(crosscite, visit):
    with visit(crosscite) as page:
        tab(page, "articles")
        page.wait_for_selector(".cc-shelf li")
        files = [
            {"name": "quillon <b>.txt", "mimeType": "text/plain", "buffer": BRIDGE.encode()},
            {"name": "picture.png", "mimeType": "image/png", "buffer": b"\x89PNG"},
            {"name": "nothing.txt", "mimeType": "text/plain", "buffer": b"  "},
        ]
        page.set_input_files("#cc-files", files)
        page.wait_for_selector('.cc-progress [data-stage="ready"]')
        page.wait_for_function("document.querySelectorAll('.cc-progress [data-stage=failed]').length === 2")
        page.wait_for_function("document.querySelectorAll('.cc-shelf li').length === 6")
        assert page.locator(".cc-progress .cc-file").count() == 3
        keep_picture(page, "articles")
        tab(page, "chat")
        send(page, "When was the Quillon bridge opened?")
        marker(page, 0, 1).click()
        page.wait_for_selector("#cc-reader mark[aria-current]")
        assert "14 May 1931" in page.locator("#cc-reader mark[aria-current]").inner_text()
        assert page.locator(".cc-text").evaluate("e => e.textContent") == BRIDGE
        address = page.url
        tab(page, "articles")
        gone = page.locator('[data-delete^="quillon"]')
        gone.click()
        gone.click()
        page.wait_for_function("document.querySelectorAll('.cc-shelf li').length === 5")
        page.goto(address)
        page.wait_for_selector(".cc-state")
        assert page.locator(".cc-state").first.inner_text() == say("en", "gone")
        assert page.evaluate("window.broken") is None
        assert page.locator("#cc-app img, #cc-app script").count() == 0


def test_a_text_is_pasted_and_found(crosscite, visit):
    with visit(crosscite, PHONE) as page:
        tab(page, "articles")
        page.click(".cc-fold-form summary")
        page.fill(".cc-paste input", "Zorvig")
        page.fill(".cc-paste textarea", "Die Stadt Zorvig hat 73412 Einwohner und liegt an einem See.")
        page.click(".cc-paste button")
        page.wait_for_selector('.cc-progress [data-stage="ready"]')
        tab(page, "chat")
        send(page, "Wie viele Einwohner hat Zorvig?")
        assert "73412" in page.locator(".cc-answer").inner_text()
        tab(page, "articles")
        page.locator('[data-delete="Zorvig"]').click()
        page.locator('[data-delete="Zorvig"]').click()
        page.wait_for_function("document.querySelectorAll('.cc-shelf li').length === 5")


def test_a_run_is_made_shown_and_compared(tmp_path, visit):
    from ui.api import Service
    from ui.app import start
    from ui.library import Library
    from ui.scores_tab import Scores

    chatbot = Refusing()
    scores = Scores(tmp_path / "runs", tmp_path, "fake")
    library = Library({"": chatbot}, reopen=lambda: {"": chatbot})
    page, address = start(Service(library, None, scores, True), port=free_port(), rate=0)
    try:
        with visit(address) as tabs:
            tab(tabs, "scores")
            for n in (1, 2):
                tabs.click("#cc-run")
                tabs.wait_for_function(f"document.querySelectorAll('.cc-scores-head select:first-of-type option').length >= {n}")
                tabs.wait_for_function("!document.querySelector('#cc-run').disabled")
            frame = tabs.frame_locator(".cc-report")
            assert frame.locator("svg.heat").count() > 0
            assert "→" in frame.locator("h1").inner_text()
            tabs.locator(".cc-scores-head select").nth(1).select_option("")
            frame.locator("#confidence svg").first.wait_for()
            assert frame.locator("#latency svg").count() == 1
            keep_picture(tabs, "scores")
    finally:
        page.close(verbose=False)
    assert len(list((tmp_path / "runs").glob("*.jsonl"))) == 2


class Refusing(Scripted):
    """Refuses everything at once."""

    def stream(self, question: str, **options):
        yield self.refusal(question)
