"""A whole evening without a network: `python tests/faults/offline.py FOLDER`.

Builds (an HTML page with remote pictures among the articles), searches, asks, scores, runs doctor, serves the page and
asks it for everything, as a reader's browser does. Every process has Python's sockets watched: whatever goes beyond
this computer is written down and refused. Where it may, all runs in a network namespace that has no way out, and the
kernel's count of packets without a route must stay 0, so that libraries in C are watched too. Prints counts as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMESPACE = ["unshare", "--map-root-user", "--net"]
QUESTIONS = ["What does Wuhan plan for 2028?", "Wie viele KI-Firmen hat Peking?", "武汉的目标是什么？", "誰贏了世界盃？"]
WATCH = '''
import os, socket
def watched(name, old):
    def call(*given, **named):
        text = repr(given[1] if isinstance(given[0], socket.socket) and len(given) > 1 else given[0])
        family = given[0].family if isinstance(given[0], socket.socket) else None
        here = family == socket.AF_UNIX or any(h in text for h in ("'127.0.0.1'", "'::1'", "'localhost'", "None", "''", "'0.0.0.0'"))
        if not here:
            with open(os.environ["CROSSCITE_WATCH"], "a") as file:
                file.write(f"{name} {text}\\n")
            raise OSError(f"the network was asked for: {name} {text}")
        return old(*given, **named)
    return call
class Socket(socket.socket):
    connect = watched("connect", socket.socket.connect)
    connect_ex = watched("connect_ex", socket.socket.connect_ex)
    def sendto(self, data, *where):
        watched("sendto", lambda *_: None)(self, where[-1])
        return super().sendto(data, *where)
socket.socket = Socket
for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
    setattr(socket, name, watched(name, getattr(socket, name)))
'''
PAGE = "<html><head><link rel=stylesheet href=http://192.0.2.1/s.css></head><body><p>The harbour of Wuhan was opened in 1987 by a \
ferry.</p><img src='http://192.0.2.1/x.png'><script src='http://example.com/x.js'></script></body></html>"


def main(place: Path) -> int:
    if os.environ.get("CROSSCITE_NET") != "own":
        found = shutil.which(NAMESPACE[0]) and subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0
        environment = {**os.environ, "CROSSCITE_NET": "own", "CROSSCITE_CUT": "namespace" if found else "guard"}
        command = [*(NAMESPACE if found else []), sys.executable, __file__, str(place)]
        return subprocess.run(command, env=environment, check=False).returncode
    cut = os.environ["CROSSCITE_CUT"]
    if cut == "namespace":
        loopback_up()
    watch = place / "watch"
    watch.mkdir(parents=True)
    (watch / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    told = watch / "told"
    environment = {
        **os.environ, "PYTHONPATH": f"{watch}{os.pathsep}{ROOT}", "CROSSCITE_WATCH": str(told), "PYTHONUNBUFFERED": "1",
    }
    environment.pop("ORT_DISABLE_TELEMETRY", None)  # the program has to think of that itself
    control(environment, told, cut)
    before = without_route()
    steps = flow(place, environment)
    lost = without_route() - before
    tried = told.read_text(encoding="utf-8") if told.exists() else ""
    if tried or lost:
        print(f"the network was asked for: {tried}{lost} packets without a route", file=sys.stderr)
        return 1
    print(json.dumps({"cut": cut, "steps": steps}))
    return 0


def loopback_up() -> None:
    import fcntl
    import socket
    import struct

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 1 | 0x40))  # SIOCSIFFLAGS: up, running


def without_route() -> int:
    """Packets of this network namespace that found no route, of both IP versions."""
    lines = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if line.startswith("Ip:")]
    four = dict(zip(*lines, strict=True))["OutNoRoutes"]
    six = dict(line.split() for line in Path("/proc/net/snmp6").read_text().splitlines())["Ip6OutNoRoutes"]
    return int(four) + int(six)


def control(environment: dict[str, str], told: Path, cut: str) -> None:
    """Both watches must see what goes out, or nothing is proved; what they saw here is forgotten."""
    tries = "import socket, sys\ntry: socket.create_connection(('192.0.2.1', 80), 1)\nexcept OSError: sys.exit(5)"
    done = subprocess.run([sys.executable, "-c", tries], env=environment, check=False)
    if done.returncode != 5 or "192.0.2.1" not in told.read_text(encoding="utf-8"):
        raise RuntimeError("the watch over Python's sockets sees nothing")
    told.unlink()
    before = without_route()
    done = subprocess.run([sys.executable, "-S", "-c", tries], check=False)
    if cut == "namespace" and (done.returncode != 5 or without_route() == before):
        raise RuntimeError("the kernel's count sees nothing")


def flow(place: Path, environment: dict[str, str]) -> int:
    """How many things were done; RuntimeError if one failed."""
    seeds, index, done = place / "seeds", place / "index", 0
    shutil.copytree(ROOT / "seeds", seeds)
    (seeds / "page.html").write_text(PAGE, encoding="utf-8")
    asked = place / "questions.jsonl"
    asked.write_text("".join(json.dumps({"id": str(i), "question": q}) + "\n" for i, q in enumerate(QUESTIONS)), encoding="utf-8")
    gold = place / "gold.jsonl"
    gold.write_text("\n".join((ROOT / "eval/questions/dev.jsonl").read_text(encoding="utf-8").splitlines()[:3]), encoding="utf-8")
    where = ["--index", str(index)]
    commands = {
        "build": ["build", "--seeds", str(seeds), *where], "search": ["search", "KI in Wuhan", *where, "--json"],
        "ask": ["ask", "--file", str(asked), *where, "--json"],
        "score": ["score", "--questions", str(gold), *where, "--html", str(place / "report.html")],
        "doctor": ["doctor", "--seeds", str(seeds), *where, "--json", "--port", "7999"],
    }
    for name, arguments in commands.items():
        run = subprocess.run([sys.executable, "-m", "ui.cli", *arguments], env=environment, cwd=place, capture_output=True, text=True, check=False)
        if run.returncode:
            raise RuntimeError(f"{name}: {run.stdout}{run.stderr}")
        if name == "ask" and not any(json.loads(line)["found"] for line in run.stdout.splitlines()):
            raise RuntimeError(f"nothing was answered: {run.stdout}")
        done += 1
    return done + page(seeds, index, place, environment)


def page(seeds: Path, index: Path, place: Path, environment: dict[str, str]) -> int:
    command = [sys.executable, "-m", "ui.cli", "chat", "--port", "7999", "--seeds", str(seeds), "--index", str(index)]
    program = subprocess.Popen(command, env=environment, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = next((word for line in program.stdout for word in line.split() if word.startswith("http")), None)
        if address is None:
            raise RuntimeError("the page did not start")
        gets = ["/", "/healthz", "/config", "/crosscite/start", "/crosscite/page/main.js"]
        for path in gets:
            fetch(address + path)
        turn = json.loads(fetch(f"{address}/crosscite/ask", {"question": QUESTIONS[0]}).splitlines()[-1])["turn"]
        cited = turn["record"]["citations"][0]["article_id"]
        fetch(f"{address}/crosscite/article", {"id": cited})
        fetch(f"{address}/crosscite/export", {"turns": [turn], "title": "x"})
        added = fetch(f"{address}/crosscite/articles/add", {"files": [{"name": "new.txt", "text": "The ferry of Wuhan was opened in 1988."}]})
        if '"ready"' not in added:
            raise RuntimeError(f"no article was added: {added}")
        time.sleep(1)  # what runs in the background has its chance too
        return len(gets) + 4
    finally:
        program.terminate()
        program.wait(60)


def fetch(url: str, asked: object = None) -> str:
    body = None if asked is None else json.dumps(asked).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"} if body else {})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=120) as reply:
        return reply.read().decode("utf-8")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
