"""The page's frame: everything that stands before any article or answer does. `page/main.js` brings it to life."""

from __future__ import annotations

import json

from ui.render import escape
from ui.texts import INTERFACES, LANGUAGES, TITLE, catalog, say

VIEWS = ("chat", "reader", "articles", "scores")


def words_script() -> str:
    """The page's words in every interface language, for a `<script>` in its head."""
    words = {"words": {ui: catalog(ui) for ui in INTERFACES}, "languages": LANGUAGES, "interfaces": INTERFACES}
    return f"window.crossciteWords = {json.dumps(words).replace('<', chr(92) + 'u003c')};"


def page_html(ui: str = "en") -> str:
    """The frame in one language; elements with `data-t` are put into another by the browser."""

    def t(key: str, tag: str = "span", attributes: str = "") -> str:
        return f'<{tag} data-t="{key}"{attributes}>{escape(say(ui, key))}</{tag}>'

    def labelled(key: str) -> str:
        return f'data-t-label="{key}" aria-label="{escape(say(ui, key))}"'

    def button(key: str, attributes: str) -> str:
        return t(key, "button", f' type="button" {attributes}')

    views = "".join(
        button(view, f'class="cc-tab" data-view="{view}"' + (' aria-current="page"' if view == "chat" else ""))
        for view in VIEWS
    )
    close = f'<button type="button" class="cc-close" {labelled("close")}>×</button>'
    placeholder = f'data-t-placeholder="question_placeholder" placeholder="{escape(say(ui, "question_placeholder"))}"'
    return f"""
<div id="cc-app" data-view="chat" lang="{ui}">
<header class="cc-masthead"><h1>{TITLE}</h1>{t("tagline", "p")}
<nav {labelled("views")}>{views}</nav>
<div class="cc-tools">{button("conversations", 'class="cc-link" id="cc-open-talks" aria-haspopup="dialog"')}
{button("settings", 'class="cc-link" id="cc-open-settings" aria-haspopup="dialog"')}</div></header>
<div id="cc-desk">
<section id="cc-talk" {labelled("chat")}>
<div id="cc-conversation" role="log" {labelled("conversation_label")}></div>
<div class="cc-welcome" id="cc-welcome"></div>
<form id="cc-composer"><div id="cc-notice"></div>
<textarea id="cc-question" rows="1" maxlength="4000" dir="auto" {labelled("question_label")} {placeholder}></textarea>
<div id="cc-actions">{button("new", 'id="cc-clear" class="cc-quiet"')}
<details class="cc-menu" id="cc-export">{t("export", "summary", ' class="cc-quiet"')}
<div>{button("export_md", 'data-format="markdown"')}{button("export_json", 'data-format="json"')}</div></details>
<span class="cc-gap"></span>{button("stop", 'id="cc-stop" class="cc-second"')}
<button type="submit" id="cc-ask" class="cc-first" data-t="ask">{escape(say(ui, "ask"))}</button></div></form>
</section>
<section id="cc-articles" {labelled("articles")} hidden></section>
<section id="cc-scores" {labelled("scores")} hidden></section>
<aside id="cc-side" {labelled("sources_label")}>
<div class="cc-sheet-bar">{button("back_to_sources", 'class="cc-link" id="cc-back" hidden')}
<span class="cc-gap"></span>{close}</div>
<div id="cc-panel"></div>
<div id="cc-reader" hidden></div></aside>
</div>
<dialog id="cc-talks" {labelled("conversations")}></dialog>
<dialog id="cc-settings" {labelled("settings")}></dialog>
<div id="cc-peek" role="tooltip" hidden></div>
<div id="cc-live" role="status" class="cc-hidden-text"></div>
</div>"""
