"""What kind of answer a question wants, by its question words in German, English and Chinese."""

from __future__ import annotations

import re
from typing import Literal

from index.normalise import fold
from index.quantities import find

Wanted = Literal[
    "figure", "percent", "money", "date", "duration", "person", "place", "list", "title", "reason", "definition", "other"
]

_NUMBER = r"(?:\d+|two|three|four|five|six|seven|eight|nine|ten|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|[二两三四五六七八九十])"
THINGS = (
    r"(?:areas|fields|sectors|industries|cities|companies|firms|measures|districts|regions|layers|levels|institutions|"
    r"bereiche\w*|felder\w*|branchen|städte\w*|unternehmen|firmen|massnahmen|regionen|ebenen|einrichtungen|einsatzfelder\w*|"
    r"\w+(?:felder|branchen|bereiche|zweige|industrien|einrichtungen|zonen|städte|gebiete)n?)"
)
# In this order: the first that matches decides.
_PATTERNS: tuple[tuple[Wanted, re.Pattern[str]], ...] = (
    (
        "percent",
        re.compile(
            r"prozent|anteil\b|um wie ?viel .{0,40}(wuchs|gewachsen|gestiegen|zugenommen)|wachstumsrate|penetrationsrate|"
            r"percent|per cent|what (share|proportion|rate)|how fast|growth rate|(grow|grew|growth|increase|rise|rose)\b.{0,30}"
            r"(how much|rate)|how much .{0,50}(grow|grew|increase|rise|rose)|by how much|wie (stark|schnell)|"
            r"(gewachsen|wuchs|wachstum|zuwachs|gestiegen)|market share|多[大少]份额|"
            r"百分之?[几多]|百分比|比例|占比|占(全国|全球|全世界)?.{0,6}(多少|几)|(增长|成长|增速|增幅|上升).{0,8}(多少|几|多快)|"
            r"(多少|几)个百分点|增长率|增速|渗透率"
        ),
    ),
    (
        "date",
        re.compile(
            r"\bwann\b|welche[mrs]? (jahr|datum|tag|monat)|an welchem|bis wann|seit wann|"
            r"^(and |so |since |by |until )?when\b|(what|which) (year|date|day|month)|"
            r"何时|什么时候|哪(一)?[年天日月]|几(月|号|年)|什么(时间|日期)"
        ),
    ),
    (
        "person",
        re.compile(
            r"\bwer\b|\bwessen\b|^wen\b|^wem\b|\bwho\b|\bwhose\b|\bwhom\b|谁|哪(一)?位|"
            r"\b(which|what|welche[rs]?) (\w+ )?(minister|vice minister|official|expert|director|professor|academician|mayor|"
            r"vizeminister|experte|direktor|wissenschaftler|bürgermeister|\w*chef)\b|"
            r"(部长|局长|主任|专家|院士|市长|负责人|记者)(是|叫)"
        ),
    ),
    (
        "duration",
        re.compile(
            r"wie lange?\b|how long\b|welche[nmr]? (zeitraum|zeitspanne|laufzeit|dauer)|(what|which) (period|time ?span|years|timeframe)|"
            r"多长时间|多久|(期|时间).{0,4}多长|(几|多少)(年|个月|天)(?!代)|哪(几|些)年|时间跨度"
        ),
    ),
    (
        "place",
        re.compile(
            r"\bwo\b|\bwoher\b|\bwohin\b|\bwhere\b(?!.{0,30}\brank)|"
            r"(welche[nmrs]?|what|which) (\S+ ){0,3}?(\w*städte|\w*stadt|provinz(en)?|land|länder|ort|orte|\w*region(en)?|city|cities|"
            r"provinces?|country|countries|places?|regions?)\b|"
            r"哪里|哪儿|何处|什么地方|哪(些|几|[二两三四五六七八九十])?(一|个|座)?.{0,4}(城市|省份|国家|地方|地区|区域)"
        ),
    ),
    (
        "title",
        re.compile(
            r"wie (heisst|heissen|lautet)|\bnamens\b|(what|which) (is|was) the (name|title|slogan|motto)|(?<!so-)called\b|"
            r"(what|which|welche[nmrs]?|unter welche[mrn]) (\w+ )?(slogan|motto|name|namen|titel|title|number|zahl|nummer|bezeichnung|policy|policies)\b|"
            r"known (as|by)|by which|叫(做)?什么|名(字|称)|口号|代号|称为|什么(口号|名)"
        ),
    ),
    (
        "money",
        re.compile(
            r"wie (gross|hoch|teuer)\b(?! (ist|war|sind) die (an)?zahl)|welche[nmrs]? (umfang|grösse|höhe|volumen|wert|wirtschaftsleistung|umsatz|kapital)|"
            r"\bwas kostet|wie ?viel (geld|yuan|euro|dollar)|"
            r"how (big|large|high|expensive)|(what|which) (level|amount|sum|size|value|volume|output|capital)|"
            r"what (is|was|will be) the .{0,30}(size|scale|value|worth|volume|cost)\b|"
            r"\b(market|industry|sector) (size|scale)\b|how much (money|yuan|is|was|will|capital|does .{0,30} cost)|"
            r"(规模|产值|总量|金额|总值|gdp).{0,10}(多|几|什么)|多大|多少(钱|元|亿|美元)|多高|(gdp|bip)\b|什么(水平|水准)"
        ),
    ),
    (
        "list",
        re.compile(
            rf"(welche[nmrs]?|what|which|in welche|auf welche) {_NUMBER}\b|"
            rf"(welche[nmrs]?|what|which) (\w+ ){{0,3}}{THINGS}\b|"
            r"哪些|有哪(?!位|一|里|年)|哪(几|[二两三四五六七八九十])|分(为|成)哪"
        ),
    ),
    (
        "figure",
        re.compile(
            r"wie ?viele?\b|anzahl|zahl der|wie (lang|weit)\b|how (many|much|far)|number of|"
            r"多少|几(个|家|所|款|座|条|项|批|大|类|种|倍|台|位)|数量|多长|总数|第几|welche[nm]? (platz|rang)|(what|which) (rank|place)\b|\brank"
        ),
    ),
    ("reason", re.compile(r"\bwarum\b|\bwieso\b|\bweshalb\b|\bwozu\b|\bwofür\b|\bwhy\b|what .{0,30} for\?|为什么|为何|何以|原因|目的")),
    (
        "definition",
        re.compile(
            r"^was (ist|sind|bedeutet|versteht|heisst)\b|wodurch|^what (is|are|does .* mean)\b|define|characteri|what distinguishes|"
            r"(是|指)什么|什么是|何谓|什么意思|(什么|哪些)(特征|特点)"
        ),
    ),
)
QUANTITIES: frozenset[Wanted] = frozenset({"figure", "percent", "money", "date", "duration"})
_MANY = re.compile(
    r"städte|länder|regionen|provinzen|cities|countries|regions|provinces|哪(些|几|[二两三四五六七八九十])|分别|"
    rf"(welche|which|what) (\S+ )*?{THINGS}"
)


def wanted(question: str) -> Wanted:
    """The kind of answer `question` asks for, by its question words; `other` if they do not say."""
    text = fold(question)
    return next((kind for kind, pattern in _PATTERNS if pattern.search(text)), "other")


def several(question: str) -> bool:
    """True if it asks for more than one thing: "which cities", 哪些."""
    return bool(_MANY.search(fold(question)))


def how_many(question: str) -> frozenset[int]:
    """The numbers by which a question may count its answers: {5} for "which five cities"."""
    return frozenset(
        int(q.value) for lang in ("zh-Hans", "de") for q in find(question, lang) if q.unit == "number" and 1 < q.value < 20
    )
