"""Checking a source in a real browser: the exact characters, the way there and back, and nothing hostile alive."""

from __future__ import annotations

from pathlib import Path

import pytest
from acting import PHONE, current, focused, in_view, keep_picture, marker, send, tab
from scripted import CHINESE

from ui.texts import say

INJECTION = (
    'How large was Shanghai’s AI industry in 2024? <img src=x onerror="window.broken=1">'
    "<script>window.broken=1</script>${window.broken=1}{{window.broken=1}}![x](http://example.org/x.png)"
    "[y](javascript:window.broken=1)\u202egnp"
)

# Contrast of the text against the nearest painted background behind it (WCAG 2.2, 1.4.3).
CONTRAST = """(selector) => {
  const rgb = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
  const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92
    : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  return [...document.querySelectorAll(selector)].filter((e) => e.getClientRects().length
      && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())).map((e) => {
    let ground = e, colour;
    do { colour = rgb(getComputedStyle(ground).backgroundColor); ground = ground.parentElement; }
    while (ground && colour[3] === 0);
    const [a, b] = [light(rgb(getComputedStyle(e).color)), light(colour)].sort((x, y) => y - x);
    return [e.className, (a + 0.05) / (b + 0.05)];
  });
}"""


def test_a_marker_opens_the_article_at_the_exact_characters(crosscite, visit):
    with visit(crosscite) as page:
        send(page, "How large was Shanghai’s AI industry in 2024?")
        marker(page, 0, 1).click()
        shown, seed = current(page)
        assert shown == seed and "4000亿元" in shown
        assert in_view(page, "#cc-reader mark[aria-current]")
        text = page.locator(".cc-text")
        assert (text.get_attribute("lang"), text.get_attribute("dir")) == ("zh-Hans", "ltr")
        head = page.locator(".cc-reader-head").inner_text()
        assert all(words in head for words in ("中国多地竞相打造", "中新社", "15 February 2025", "简体中文"))
        assert page.locator(".cc-text").evaluate("e => e.textContent") == (
            Path(__file__).parents[2] / "seeds" / "003_a80061007dd89433.txt"
        ).read_text(encoding="utf-8")
        address = page.url
    with visit(crosscite, path=address.removeprefix(crosscite)) as page:
        assert current(page) == (shown, seed)
        assert page.locator(".cc-state").count() == 0
    with visit(crosscite, path=address.removeprefix(crosscite).replace("hash=", "hash=0")) as page:
        page.wait_for_selector(".cc-state")
        assert page.locator(".cc-state").inner_text() == say("en", "changed")
        assert page.locator("#cc-reader mark").count() == 0
    with visit(crosscite, path="/?article=nowhere&start=1&end=2") as page:
        page.wait_for_selector(".cc-state")
        assert page.locator(".cc-state").inner_text() == say("en", "gone")


def test_a_link_to_a_place_is_copied(scripted, visit):
    with visit(scripted) as page:
        send(page, "How large?")
        marker(page, 0, 1).click()
        page.wait_for_selector("#cc-reader mark[aria-current]")
        page.click(".cc-permalink")
        page.wait_for_function("document.querySelector('.cc-permalink').textContent === 'Copied'")
        assert page.evaluate("navigator.clipboard.readText()") == page.url
        page.click("#cc-back")
        assert page.url == f"{scripted}/"


def test_the_keyboard_alone_leads_to_a_source_and_back(scripted, visit):
    with visit(scripted) as page:
        send(page, "How large?")
        page.locator("body").evaluate("() => document.activeElement.blur()")
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('.cc-marker')"):
                break
        assert focused(page, '.cc-marker[data-marker="1"]')
        peek = page.locator("#cc-peek")
        assert peek.locator("q").inner_text() == CHINESE[1]
        assert (peek.locator("q").get_attribute("lang"), peek.get_attribute("role")) == ("zh-Hans", "tooltip")
        page.keyboard.press("Enter")
        shown, seed = current(page)
        assert shown == seed == CHINESE[1]
        assert focused(page, "#cc-reader mark[aria-current]")
        page.keyboard.press("Escape")
        assert focused(page, '.cc-marker[data-marker="1"]')
        assert "简体中文" in marker(page, 0, 1).get_attribute("aria-label")


def test_a_pointer_that_rests_on_a_marker_sees_the_quotation(scripted, visit):
    with visit(scripted) as page:
        send(page, "How large?")
        assert not page.locator("#cc-peek").is_visible()
        marker(page, 0, 1).hover()
        page.wait_for_selector("#cc-peek:not([hidden])")
        assert page.locator("#cc-peek q").inner_text() == CHINESE[1]
        assert in_view(page, "#cc-peek")
        page.mouse.move(5, 5)
        page.wait_for_selector("#cc-peek", state="hidden")


def test_on_a_phone_the_article_covers_the_page_until_it_is_closed(scripted, visit):
    with visit(scripted, PHONE) as page:
        send(page, "How large?")
        marker(page, 0, 2).click()
        current(page)
        assert in_view(page, "#cc-reader mark[aria-current]")
        keep_picture(page, "chat-phone")
        page.click("#cc-side .cc-close")
        assert focused(page, '.cc-marker[data-marker="2"]')
        assert not page.locator("#cc-side").is_visible()
        page.click(".cc-show")
        assert page.locator(".cc-source").count() == 2
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_refusal_shows_what_comes_nearest(scripted, visit):
    with visit(scripted) as page:
        send(page, "what weather?", "refusal")
        assert page.locator(".cc-kicker").inner_text() == say("en", "refusal")
        assert page.locator(".cc-source").count() == 3
        assert page.locator("#cc-panel mark").count() == 0
        page.locator(".cc-source .cc-read").first.click()
        shown, seed = current(page)
        assert shown == seed


def test_every_cited_passage_is_marked_in_the_reader_tab(scripted, visit):
    with visit(scripted) as page:
        send(page, "How large?")
        tab(page, "reader")
        page.wait_for_selector("#cc-reader mark")
        assert page.locator("#cc-reader mark").count() == 1
        picked = page.locator(".cc-reader-bar select")
        options = picked.locator("option").all_inner_texts()
        assert len(options) == 5 and any("Deutsch" in o for o in options) and any("繁體中文" in o for o in options)
        picked.select_option(label=next(o for o in options if "简体中文" in o))
        page.wait_for_selector('.cc-text[lang="zh-Hans"] mark')
        assert page.locator("#cc-reader mark").evaluate("m => m.textContent") == CHINESE[1]
        page.locator(".cc-jump").first.click()
        assert focused(page, "#cc-reader mark")


def test_a_hostile_question_stays_text(crosscite, visit):
    with visit(crosscite) as page:
        page.fill("#cc-question", INJECTION)
        page.press("#cc-question", "Enter")
        page.wait_for_selector('.cc-turn:is([data-state="found"], [data-state="refusal"])')
        assert page.locator(".cc-question").inner_text().startswith(INJECTION[:80])
        page.reload()
        page.wait_for_selector(".cc-question")
        page.click("#cc-open-talks")
        assert page.evaluate("window.broken") is None
        assert page.locator("#cc-app img, #cc-app a, #cc-app script").count() == 0


def scan(page, axe: str) -> list[tuple[str, str]]:
    page.evaluate(axe)
    found = page.evaluate(
        "axe.run(document.querySelector('#cc-app'), {resultTypes: ['violations']}).then(r => r.violations"
        ".map(v => [v.impact, v.id, v.nodes.map(n => n.target.join(' ') + ' ' + n.failureSummary).join('\\n')]))"
    )
    return [(name, where) for impact, name, where in found if impact in ("serious", "critical")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_and_all_text_has_the_contrast_of_aa(scripted, visit, scheme):
    import axe_playwright_python

    axe = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    with visit(scripted, scheme=scheme) as page:
        page.wait_for_selector(".cc-example")
        assert scan(page, axe) == []
        send(page, "this is broken", "stopped")
        send(page, "what weather?", "refusal")
        send(page, "How large?")
        page.locator(".cc-why > summary").last.click()
        everything = (
            "#cc-app :is(h1, h2, h3, p, a, button, span, bdi, time, mark, strong, summary, label, dt, dd, td, th, li, "
            "select, textarea)"
        )
        measured = page.evaluate(CONTRAST, everything)
        assert scan(page, axe) == []
        marker(page, 2, 1).click()
        current(page)
        assert scan(page, axe) == []
        tab(page, "reader")
        measured += page.evaluate(CONTRAST, everything)
        for name in ("articles", "scores"):
            tab(page, name)
            page.wait_for_selector(f"#cc-{name} h2")
            assert scan(page, axe) == []
        page.click("#cc-open-settings")
        assert scan(page, axe) == []
        measured += page.evaluate(CONTRAST, everything)
        assert len(measured) > 100
        assert [(name, ratio) for name, ratio in measured if ratio < 4.5] == []
