"""The pages of scores in a real browser: nothing to click but folded questions, at home on a phone and in the dark."""

from __future__ import annotations

from pathlib import Path

import judged
import pytest
from acting import DESKTOP, PHONE, keep_picture

from eval import report_compare, report_html
from eval.compare import compare
from eval.judge import Verdict
from eval.provenance import provenance
from eval.report import Report


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    """A report and a comparison, as files."""
    folder = tmp_path_factory.mktemp("pages")
    origin = provenance("dev", judged.QUESTIONS, folder, "concepts")
    report = Report(judged.report().results, origin, {"q1": Verdict(5, 4), "q4": Verdict(2, 1)})
    better = judged.report(q1=judged.answered(judged.Q1, [judged.FIRST], [judged.FIRST]))
    made = {"report": report_html.page(report), "comparison": report_compare.page(compare(report, better))}
    for name, text in made.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in made}


@pytest.fixture(scope="module")
def axe() -> str:
    folder = Path(pytest.importorskip("axe_playwright_python").__file__).parent
    return (folder / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["report", "comparison"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_page_of_scores_fits_is_readable_and_asks_for_nothing(chromium, pages, axe, name, scheme, size):
    context = chromium.new_context(viewport=size, color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages[name].as_uri())
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate(axe)
    violations = page.evaluate("axe.run().then(r => r.violations.map(v => [v.id, v.nodes[0].html]))")
    assert violations == []
    assert said == [] and asked == [pages[name].as_uri()]
    if (name, size) == ("report", DESKTOP):
        keep_picture(page, f"scores-{scheme}")
    context.close()
