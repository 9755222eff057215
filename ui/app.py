"""The page in Gradio: its frame, the server that answers it, and how it is started and stopped."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

import gradio as gr
from starlette.middleware import Middleware

from ui import logs, texts
from ui.api import Api, Service
from ui.library import Library
from ui.serving import Gate, asked_to_end, refuse_taken_port
from ui.skeleton import page_html, words_script

if TYPE_CHECKING:
    from rag.chatbot import Chatbot

log = logging.getLogger(__name__)
RATE = 120  # questions a minute from one address
ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
    "%3Crect width='16' height='16' rx='3' fill='%23ffd54a'/%3E"
    "%3Cpath d='M6 3H4v10h2M10 3h2v10h-2' fill='none' stroke='%23191b1f' stroke-width='1.6'/%3E%3C/svg%3E"
)


def create_app() -> gr.Blocks:
    """The page, ready to be launched; `start` gives it its looks and what it talks to."""
    with gr.Blocks(title=texts.TITLE, analytics_enabled=False, fill_width=True) as app:
        gr.HTML(page_html(), elem_id="cc-root", js_on_load=None, apply_default_css=False)
    return app


def start(
    service: Service | Chatbot, host: str = "127.0.0.1", port: int = 7860, *,
    auth: Sequence[tuple[str, str]] = (), share: bool = False, rate: int = RATE,
) -> tuple[gr.Blocks, str]:
    """The running page and its address; `close()` ends it.

    Raises UserError if the port is taken. No analytics, and without `share` no link that others could use; Gradio
    serves and takes no file. `auth` are names and passwords; `rate` is questions a minute and address, 0 for no limit.
    """
    if not isinstance(service, Service):
        service = Service(Library({"": service}))
    refuse_taken_port(host, port)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    threading.Thread(target=service.library.warm, daemon=True).start()  # while the page itself is being loaded
    style = files("ui").joinpath("style.css").read_text(encoding="utf-8")
    app = create_app().queue(api_open=False)
    _, url, shared = app.launch(
        server_name=host,
        server_port=port,
        auth=list(auth) or None,
        share=share,
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
        head=(
            f'<style>{style}</style><link rel="icon" href="{ICON}"><script>{words_script()}</script>'
            '<script type="module" src="crosscite/page/main.js"></script>'
        ),
        app_kwargs={"routes": Api(service).routes(), "middleware": [Middleware(Gate, rate=rate, only_here=service.only_here)]},
    )
    return app, (shared or url).rstrip("/")


def serve(
    service: Service | Chatbot, host: str = "127.0.0.1", port: int = 7860, *,
    auth: Sequence[tuple[str, str]] = (), share: bool = False, rate: int = RATE,
) -> None:
    """Show the page until the process is asked to stop; prints the address once it answers."""
    service = service if isinstance(service, Service) else Service(Library({"": service}))
    ended = asked_to_end()  # before anyone can read that the page is there, and answer with Ctrl-C
    app, url = start(service, host, port, auth=auth, share=share, rate=rate)
    logs.take_over_the_servers()
    about = {"articles": len(service.library.plain().articles()), "model": len(service.library.models) > 1}
    log.info("serving", extra={"fields": about})
    print(texts.SERVING.format(url=url), flush=True)
    while not ended.wait(1.0):  # in steps: a wait without an end would not let Python see the signal on every system
        pass
    app.close(verbose=False)
    log.info("stopped")
    print(texts.STOPPED, flush=True)


def _theme() -> gr.themes.Base:
    """A bare theme: fonts of this machine, and the paper and ink of `style.css` already while the page loads and where
    Gradio asks for a password."""
    theme = gr.themes.Base(font="serif", font_mono="monospace")
    paper = {"body_background_fill", "background_fill_primary", "background_fill_secondary", "block_background_fill",
             "panel_background_fill", "input_background_fill", "button_primary_text_color"}
    ink = {"body_text_color", "block_label_text_color", "block_info_text_color", "button_primary_background_fill",
           "button_primary_background_fill_hover"}
    light = {name: "#fbfaf7" for name in paper} | {name: "#191b1f" for name in ink} | {"input_border_color": "#8c8a83"}
    dark = {name: "#17191d" for name in paper} | {name: "#e9e6df" for name in ink} | {"input_border_color": "#757a83"}
    return theme.set(**light, **{f"{name}_dark": value for name, value in dark.items()}, input_border_width="1px")
