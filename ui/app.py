"""The chat page in Gradio: a conversation, a question box, and the source panel beside them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from importlib.resources import files
from typing import TYPE_CHECKING

import gradio as gr

from index.errors import UserError
from ui import texts
from ui.conversation import Turn, conversation_html, converse, panel_html, settled
from ui.render import escape

if TYPE_CHECKING:
    from rag.chatbot import Chatbot

AT_ONCE = 8  # answers written at the same time; further questions wait their turn
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='3' fill='%23ffd54a'/%3E"
    "%3Cpath d='M6 3H4v10h2M10 3h2v10h-2' fill='none' stroke='%23191b1f' stroke-width='1.6'/%3E%3C/svg%3E"
)


def create_app(chatbot: Chatbot) -> gr.Blocks:
    """The page, ready to be launched; `start` also gives it its looks."""
    articles = chatbot.articles()
    script = files("ui").joinpath("page.js").read_text(encoding="utf-8")
    unseen = {"show_progress": "hidden", "api_visibility": "private"}

    with gr.Blocks(title=texts.TITLE, analytics_enabled=False, fill_width=True) as app:
        turns = gr.State(())
        gr.HTML(
            f'<header class="cc-masthead"><h1>{texts.TITLE}</h1><p>{texts.TAGLINE}</p></header>',
            elem_id="cc-top",
            js_on_load=None,
            apply_default_css=False,
        )
        with gr.Row(elem_id="cc-desk"):
            with gr.Column(elem_id="cc-talk", scale=3, min_width=0):
                conversation = gr.HTML(
                    conversation_html(()),
                    html_template=(
                        f'<div role="log" aria-label="{texts.CONVERSATION_LABEL}">${{value}}</div>'
                    ),
                    elem_id="cc-conversation",
                    js_on_load=script,
                    apply_default_css=False,
                )
                with gr.Column(elem_id="cc-composer", min_width=0):
                    notice = gr.HTML("", elem_id="cc-notice", js_on_load=None, apply_default_css=False)
                    box = gr.Textbox(
                        elem_id="cc-question",
                        label=texts.QUESTION_LABEL,
                        placeholder=texts.QUESTION_PLACEHOLDER,
                        show_label=False,
                        container=False,
                        lines=1,
                        max_lines=6,
                        autofocus=True,
                    )
                    with gr.Row(elem_id="cc-actions"):
                        clear = gr.Button(texts.CLEAR, elem_id="cc-clear", variant="secondary", size="sm")
                        stop = gr.Button(texts.STOP, elem_id="cc-stop", variant="secondary", size="sm")
                        ask = gr.Button(texts.ASK, elem_id="cc-ask", variant="primary", size="sm")
            with gr.Column(elem_id="cc-side", scale=2, min_width=0):
                panel = gr.HTML(
                    panel_html((), articles),
                    html_template=f'<div role="region" aria-label="{texts.SOURCES_LABEL}">${{value}}</div>',
                    elem_id="cc-panel",
                    js_on_load=None,
                    apply_default_css=False,
                )

        def page(state: tuple[Turn, ...], question: str, message: str) -> dict:
            """What changes on the page; the panel only when an answer is there."""
            shown = f'<p role="alert">{escape(message)}</p>' if message else ""
            changes = {turns: state, conversation: conversation_html(state), box: question, notice: shown}
            if not state or state[-1].answer:
                changes[panel] = panel_html(state, articles)
            return changes

        def answer(question: str, state: tuple[Turn, ...]) -> Iterator[dict]:
            for step in converse(chatbot, question, state):
                yield page(*step)

        def answer_example(state: tuple[Turn, ...], event: gr.EventData) -> Iterator[dict]:
            yield from answer(event.question, state)

        def halt(state: tuple[Turn, ...]) -> dict:
            return page(settled(state), "", "")

        outputs = [turns, conversation, box, notice, panel]
        running = [
            gr.on(
                [box.submit, ask.click],
                answer,
                [box, turns],
                outputs,
                trigger_mode="once",
                concurrency_limit=AT_ONCE,
                concurrency_id="answer",
                **unseen,
            ),
            conversation.select(
                answer_example,
                turns,
                outputs,
                trigger_mode="once",
                concurrency_limit=AT_ONCE,
                concurrency_id="answer",
                **unseen,
            ),
        ]
        stop.click(halt, turns, outputs, cancels=running, queue=False, **unseen)
        clear.click(lambda: page((), "", ""), None, outputs, cancels=running, queue=False, **unseen)
    return app


def start(chatbot: Chatbot, host: str = "127.0.0.1", port: int = 7860) -> tuple[gr.Blocks, str]:
    """The running page and its address; `close()` ends it.

    Raises UserError if the port is taken. Nothing is sent anywhere: no analytics, no share link, no file
    served or taken.
    """
    _refuse_taken_port(host, port)
    style = files("ui").joinpath("style.css").read_text(encoding="utf-8")
    app = create_app(chatbot).queue(api_open=False)
    _, url, _ = app.launch(
        server_name=host,
        server_port=port,
        share=False,
        inbrowser=False,
        quiet=True,
        prevent_thread_lock=True,
        ssr_mode=False,
        enable_monitoring=False,
        mcp_server=False,
        allowed_paths=[],
        max_file_size=1,
        footer_links=[],
        theme=_theme(),
        head=f'<style>{style}</style><link rel="icon" href="{ICON}">',
    )
    return app, url.rstrip("/")


def serve(chatbot: Chatbot, host: str = "127.0.0.1", port: int = 7860) -> None:
    """Show the page at `http://host:port` until it is interrupted; prints the address once it answers."""
    app, url = start(chatbot, host, port)
    print(texts.SERVING.format(url=url), flush=True)
    app.block_thread()


def _theme() -> gr.themes.Base:
    """A bare theme: fonts of this machine, and the paper of `style.css` already while the page loads."""
    theme = gr.themes.Base(font="serif", font_mono="monospace")
    return theme.set(body_background_fill="#fbfaf7", body_background_fill_dark="#17191d")


def _refuse_taken_port(host: str, port: int) -> None:
    """Raise UserError if the address cannot be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            other = port + 1 if port < 65535 else 7861
            message = texts.PORT_TAKEN.format(port=port, host=host, reason=error.strerror, other=other)
            raise UserError(message) from error
