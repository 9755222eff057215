"""RESULTS.md: every number of a run, with its command and its machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from eval.bench.bars import (
    Results,
    bars,
    encode_distance,
    good,
    pairs,
    scan_distance,
    summary,
)
from eval.bench.numbers import Record, all_times, hit5, ms, p50_ratios, ratios, short, spread, table
from eval.bench.systems import System

VARIANTS = """Peers run as their documentation shows them; `(best)` is what their own options make of it: unit vectors and
inner product, larger batches, exact search, BM25 fused in with words that know Han. All encode with this project's
encoder as a sentence-transformers folder, so that the frames are compared; `all-MiniLM-L6-v2` is what most would take.
Ours and theirs run in turn; a ratio is theirs over ours (above 1 we are ahead), its median with the least and greatest."""


def markdown(
    results: Results, peers: Sequence[System], facts: Mapping[str, str], command: str, corpora: Mapping[str, str]
) -> str:
    """The whole page; what was not measured says why."""
    parts = [
        "# Beside what people would pick instead", "",
        f"Written by `{command}`; do not edit.", "",
        *(f"- {name}: {value}" for name, value in facts.items()), "", VARIANTS, "",
        "## The bars", "", table(("what", "bar", "measured", "met"), bars(results, peers)), "",
        "## In short", "", summary(results, peers, corpora), "",
        *_section("Installing, importing, a cold question", _costs(results, peers)),
        *_section(f"Building: {corpora['middle']}", _builds(results, peers)),
    ]  # fmt: skip
    for corpus in ("seeds", "minilm", "middle", "large"):
        title = {"minilm": "the seeds, peers with all-MiniLM-L6-v2"}.get(corpus, corpora.get(corpus, corpus))
        parts += _section(f"Searching: {title}", _searches(results, peers, corpus))
    parts += _section("The floor", _floor(results))
    parts += _section("Stage by stage", _stages(results))
    failed = [f"- {name}: {result['error']}" for name, result in results.items() if "error" in result]
    failed += [
        f"- {name}, {who}, many clients: {side['crowd_error']}"
        for name, result in results.items() if name.startswith("search-")
        for who, side in result.items() if isinstance(side, dict) and "crowd_error" in side
    ]
    return "\n".join(parts + _section("Not measured", "\n".join(failed)))


def _section(title: str, body: str) -> list[str]:
    return [f"## {title}", "", body, ""] if body else []


def _costs(results: Results, peers: Sequence[System]) -> str:
    cold = good(results, "cold") or {}
    ours = cold.get("CrossCite", {}).get("seconds", [])
    rows = []
    for name in ("CrossCite", *(s.name for s in peers)):
        size, imported, asked = good(results, f"install-{name}"), good(results, f"import-{name}"), cold.get(name, {})
        took = asked.get("seconds", [])
        rows.append((
            name, f"{size['bytes'] / 1e6:.0f} MB" if size else "-", spread(imported["seconds"], " s") if imported else "-",
            asked.get("error") or spread(took, " s"),
            spread(ratios(took, ours), "x") if ours and len(took) == len(ours) else "-",
        ))  # fmt: skip
    note = (
        "Bytes are of the packages and all they require, ours with the page, the readers of every format and the encoder "
        "itself, theirs without an encoder. A cold question is a process from its start to its end over a saved index of the seeds: ours "
        "the whole `crosscite ask`, with a cited answer, theirs the shortest program that prints the five best texts."
    )
    return f"{note}\n\n" + table(("", "installed", "imports", "cold question", "ratio"), rows)


def _builds(results: Results, peers: Sequence[System]) -> str:
    rows = []
    labels = [f"{s.name}{v}" for s in peers for v in (" (best)", "")]
    mine = [ours for label in labels for _, ours in pairs(results, "middle", label)]
    if not mine:
        return ""
    rows.append(_build_row("CrossCite", mine, None))
    for label in labels:
        both = pairs(results, "middle", label)
        if both:
            rows.append(_build_row(label, [a for a, _ in both], [b for _, b in both]))
    note = "Seconds without the start of the process, which imports and loads the model. `1 %` is a build after a line was added to every 100th article."
    head = ("", "passages", "start", "build", "a second", "ratio", "1 %", "ratio", "peak memory", "ratio", "on disk")
    large = good(results, "build-large-CrossCite")
    more = f"\n\nOurs, the large corpus: {_linear(large, mine)}" if large else ""
    return f"{note}\n\n{table(head, rows)}{more}"


def _linear(large: Record, middle: Sequence[Record]) -> str:
    each = [1e3 * m["seconds"] / m["passages"] for m in middle]
    return (
        f"{large['passages']} passages in {short(large['seconds'])} s, {short(1e3 * large['seconds'] / large['passages'])} ms "
        f"each, where the middle one takes {spread(each, ' ms')}; peak {large['peak'] / 1e6:.0f} MB, "
        f"{large['disk'] / 1e6:.0f} MB on disk."
    )


def _build_row(label: str, builds: Sequence[Record], ours: Sequence[Record] | None) -> tuple[str, ...]:
    def values(field: str, some: Sequence[Record] = builds) -> list[float]:
        return [b[field] for b in some if field in b]

    def ratio(field: str) -> str:
        both = [(a[field], b[field]) for a, b in zip(builds, ours or (), strict=False) if field in a and field in b]
        return spread(ratios(*zip(*both, strict=True)), "x") if both else "-"

    again = [b["update_error"] for b in builds if "update_error" in b]
    return (
        label, str(builds[0]["passages"]), spread(values("start"), " s"), spread(values("seconds"), " s"),
        spread([b["passages"] / b["seconds"] for b in builds]), ratio("seconds"),
        again[0][:60] if again else spread(values("update_seconds"), " s"), ratio("update_seconds"),
        spread([b["peak"] / 1e6 for b in builds], " MB"), ratio("peak"), f"{builds[0]['disk'] / 1e6:.1f} MB",
    )  # fmt: skip


def _searches(results: Results, peers: Sequence[System], corpus: str) -> str:
    rows = []
    for system in peers:
        for label in (f"{system.name} (best)", system.name):
            pair = good(results, f"search-{corpus}-{label}")
            if pair:
                hybrid = ("best" if "(best)" in label else "default") in system.hybrid
                kind = "hybrid" if hybrid else "dense" if system.encodes else "words"
                rows += [_search_row(f"{label}, {kind}", pair["peer"], spread(p50_ratios(pair), "x"))]
                rows += [_search_row("CrossCite beside it", pair["ours"], "")]
    head = ("", "p50", "p99", "n", "ratio of p50", "8 clients p50", "p99", "a second", "hit@5", "characters", "memory")
    return table(head, rows) if rows else ""


def _search_row(label: str, side: Record, ratio: str) -> tuple[str, ...]:
    times, crowd = all_times(side), side["crowd"]
    characters = side["characters"]
    return (
        label, ms(times, 50), ms(times, 99), str(len(times)), ratio, ms(crowd, 50), ms(crowd, 99),
        short(len(crowd) / side["crowd_seconds"]) if crowd else "-", f"{hit5(side):.2f}",
        f"{sum(characters) / max(1, len(characters)):.0f}", f"{side['memory'] / 1e6:.0f} MB",
    )  # fmt: skip


def _floor(results: Results) -> str:
    floor = good(results, "floor")
    if floor is None:
        return ""
    least, read = floor["multiply_adds"] / floor["rate"], floor["scan_bytes"] / floor["speed"]
    rows = [
        ("encoding", f"{floor['texts']} passages, {floor['tokens']} tokens, {floor['multiply_adds'] / 1e9:.0f} G multiply-adds",
         f"{floor['rate'] / 1e9:.0f} G multiply-adds a second", f"{short(least)} s", f"{short(floor['encode'])} s",
         f"{short(encode_distance(floor))}x"),
        ("exact scan", f"{floor['rows']} rows, {floor['scan_bytes'] / 1e6:.0f} MB as float32", f"{floor['speed'] / 1e9:.1f} GB a second",
         f"{short(1e3 * read)} ms", f"{short(1e3 * floor['scan'])} ms", f"{short(scan_distance(floor))}x"),
    ]  # fmt: skip
    note = f"{floor['threads']} threads. Rates are the best that numpy reached: float32 products, and reading 256 MB."
    return f"{note}\n\n" + table(("", "work", "measured rate", "floor", "ours", "distance"), rows)


def _stages(results: Results) -> str:
    stages = good(results, "stages")
    if stages is None:
        return ""
    return "\n\n".join(_shares(stages))


def _shares(stages: Record) -> Iterator[str]:
    for title, held, count, unit in (
        (f"building {stages['passages']} passages", stages["build"], stages["passages"], "ms a passage"),
        (f"one question (mean of {stages['questions']}, warm)", stages["question"], stages["questions"], "ms a question"),
    ):
        whole = sum(held.values())
        rows = [(name, short(1e3 * s / count), f"{100 * s / whole:.0f} %") for name, s in held.items()]
        yield table((title, unit, "share"), [*rows, ("all", short(1e3 * whole / count), "100 %")])
