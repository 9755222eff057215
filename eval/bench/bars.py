"""What was set out to be reached, what was, and the short table for the README."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from eval.bench.numbers import Record, hit5, p50_ratios, ratios, short, spread, table
from eval.bench.systems import System

BEGIN, END = "<!-- bench: make bench -->", "<!-- end of bench -->"
Results = Mapping[str, Record]


def good(results: Results, name: str) -> Record | None:
    """A result that was measured, or None."""
    found = results.get(name)
    return None if found is None or "error" in found else found


def pairs(results: Results, corpus: str, label: str) -> list[tuple[Record, Record]]:
    """(theirs, ours) of the builds of a corpus made in turn, by round."""
    out, number = [], 0
    while f"build-{corpus}-{label}-{number}" in results:
        theirs = good(results, f"build-{corpus}-{label}-{number}")
        ours = good(results, f"build-{corpus}-ours-before-{label}-{number}")
        if theirs and ours:
            out.append((theirs, ours))
        number += 1
    return out


def build_ratios(results: Results, peers: Sequence[System], field: str) -> dict[str, list[float]]:
    """By label, for peers that encode: a field of their builds of the middle corpus over ours."""
    out = {}
    for system in peers:
        for label in (f"{system.name} (best)", system.name):
            both = [(a[field], b[field]) for a, b in pairs(results, "middle", label) if field in a and field in b]
            if both and system.encodes:
                out[label] = ratios(*zip(*both, strict=True))
    return out


def search_ratios(results: Results, corpus: str, peers: Sequence[System]) -> dict[str, tuple[list[float], float, float]]:
    """By label, for hybrid peers: p50 over ours round by round, their hit@5, ours on the same questions."""
    out = {}
    for system in peers:
        for label, variant in ((f"{system.name} (best)", "best"), (system.name, "default")):
            pair = good(results, f"search-{corpus}-{label}")
            if pair and variant in system.hybrid and p50_ratios(pair):
                out[label] = p50_ratios(pair), hit5(pair["peer"]), hit5(pair["ours"])
    return out


def cold_ratios(results: Results, ours: str) -> dict[str, list[float]]:
    """By label: a peer's cold answers over ours, round by round."""
    cold = good(results, "cold") or {}
    mine = cold.get(ours, {}).get("seconds", [])
    sides = {label: side for label, side in cold.items() if isinstance(side, dict) and label != ours and "error" not in side}
    return {label: ratios(side["seconds"], mine) for label, side in sides.items() if len(side["seconds"]) == len(mine) > 0}


def least(found: Mapping[str, Sequence[float]]) -> str | None:
    """The label whose ratio is the least by its median: the peer that is nearest."""
    return min(found, key=lambda label: statistics.median(found[label]), default=None)


def bars(results: Results, peers: Sequence[System]) -> list[tuple[str, str, str, str]]:
    """(what, the bar, what was measured and against whom, whether it is met) in order."""
    rows = []

    def against(what: str, bar: float, found: dict[str, list[float]], also: bool = True, more: str = "") -> None:
        label = least(found)
        if label is None:
            rows.append((what, f">= {bar:g}x", "not measured", "-"))
        else:
            met = statistics.median(found[label]) >= bar and also
            rows.append((what, f">= {bar:g}x", f"{spread(found[label], 'x')} against {label}{more}", "yes" if met else "no"))

    against("build, the fastest peer over the same encoder", 5, build_ratios(results, peers, "seconds"))
    encoding = {s.name for s in peers if s.encodes}
    cold = {label: r for label, r in cold_ratios(results, "CrossCite").items() if label in encoding}
    against("cold question to answer, the fastest peer with an encoder", 5, cold)
    for corpus in ("large", "middle"):
        found = search_ratios(results, corpus, peers)
        if found or corpus == "middle":
            label = least({name: r for name, (r, _, _) in found.items()})
            theirs, mine = found[label][1:] if label else (0.0, 0.0)
            worst = max((t - m for _, t, m in found.values()), default=0.0)
            more = f", hit@5 {mine:.2f} and {theirs:.2f}"
            against(f"warm p50, the fastest hybrid peer, {corpus} corpus", 3, {n: r for n, (r, _, _) in found.items()}, worst <= 0, more)
            break
    against("peak memory while building, the leanest peer with an encoder", 2, build_ratios(results, peers, "peak"))
    floor = good(results, "floor")
    if floor:
        for what, bar, value in (("encoding", 2.0, encode_distance(floor)), ("exact scan", 1.5, scan_distance(floor))):
            rows.append((f"{what}, from its floor", f"<= {bar:g}x", f"{short(value)}x", "yes" if value <= bar else "no"))
    return rows


def encode_distance(floor: Record) -> float:
    """Seconds of encoding over those its multiply-adds take at the measured rate."""
    return floor["encode"] * floor["rate"] / floor["multiply_adds"]


def scan_distance(floor: Record) -> float:
    """Seconds of an exact scan over those its bytes take at the measured rate of memory."""
    return floor["scan"] * floor["speed"] / floor["scan_bytes"]


def summary(results: Results, peers: Sequence[System], corpora: Mapping[str, str]) -> str:
    """The short table, between the README's markers: how many times as long or as much as ours; above 1 we are ahead."""
    searched = next((c for c in ("large", "middle", "seeds") if any(f"search-{c}-" in name for name in results)), "seeds")
    cold = cold_ratios(results, "CrossCite")
    build, peak = (build_ratios(results, peers, field) for field in ("seconds", "peak"))
    rows = []
    for system in peers:
        label = next((n for n in (f"{system.name} (best)", system.name) if n in build or f"search-{searched}-{n}" in results), system.name)
        pair = good(results, f"search-{searched}-{label}")
        rows.append((
            label, spread(build.get(label, []), "x"), spread(peak.get(label, []), "x"), spread(cold.get(system.name, []), "x"),
            spread(p50_ratios(pair), "x") if pair else "-",
            f"{hit5(pair['peer']):.2f} / {hit5(pair['ours']):.2f}" if pair else "-",
        ))  # fmt: skip
    head = (
        "over CrossCite's", f"build, {corpora['middle']}", "its peak memory", "cold question, seeds",
        f"warm p50, {corpora[searched]}", "hit@5 theirs / ours",
    )  # fmt: skip
    return f"{BEGIN}\n{table(head, rows)}\n{END}"
