"""Where a text has something of the kind that a question wants."""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.languages import detect
from index.names import latin_names
from index.normalise import fold, normalise
from index.quantities import Quantity, agrees, find
from index.types import Span
from rag.expected import QUANTITIES, Wanted, how_many, several
from rag.places import AREAS, named, places

# Han characters that begin most Chinese surnames, and what stands behind a person's name or before it in reports.
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文葛樊施卓柯翁阮骆严温牛尤游庄岳齐盛颜倪祝单苗关焦华窦穆裴鲍涂聂甘耿纪舒屈项霍申翟管闵沙"
_DOUBLE_SURNAMES = "欧阳|司马|上官|诸葛|夏侯|闻人|东方|皇甫|尉迟|公孙|慕容|令狐|宇文|长孙|司徒|端木|百里|南宫|东郭"
_SAYS = "表示|说|指出|介绍|认为|告诉|接受|称|透露|强调|宣布|提醒|坦言|预计|解释|补充|警告"
_HAN_PERSON = re.compile(
    rf"(?<=[长任员师席家士授事裁理人者监官])(?P<a>(?:{_DOUBLE_SURNAMES})[\u3400-\u9fff]{{1,2}}?|[{_SURNAMES}][\u3400-\u9fff]{{1,2}}?)"
    rf"(?={_SAYS}|[，,、。 ()])"
)
_HAN_OFFICE = (
    "[局部院市董事会所处厅司科组站厂县区镇省校行团队秘书]长|主任|总经理|总监|总裁|总编辑|工程师|主席|书记|院士|教授|专家|分析师|研究员|负责人|"
    "发言人|创始人|合伙人|首席[\u3400-\u9fff]{1,4}[官家师]|执行长|财务长|理事长"
)
# Behind an office written out a name may be followed by any word; what cannot be its last character ends it.
_HAN_OFFICIAL = re.compile(
    rf"(?:{_HAN_OFFICE})(?P<a>(?:(?:{_DOUBLE_SURNAMES})[\u3400-\u9fff]|[{_SURNAMES}](?![度级速新])[\u3400-\u9fff])"
    r"(?:(?![说称指表介认告接透强宣提坦把在对向就还也和与及等给将则这用是为以从到于曾已不日今近先女带率主出参作谈讲])[\u3400-\u9fff])?)"
)
_WHO = re.compile(rf"(?:(?:{_DOUBLE_SURNAMES})[\u3400-\u9fff]{{1,2}}|[{_SURNAMES}][\u3400-\u9fff]{{1,2}})(?:先生|女士)?(?:到底|究竟)?是(?:谁|什么人|何人)[?？]?$")
_WHO_LATIN = re.compile(r"(?:[Ww]ho (?:is|was)|[Ww]er (?:ist|war))(?: [A-ZÄÖÜ][\w'’.-]+){1,4} ?\??$")
_LATIN_PERSON = re.compile(r"(?<![^\W\d_])[A-Z][a-zà-öø-ÿ]+(?: [A-Z][a-zà-öø-ÿ]+){1,2}(?![^\W\d_])")
_QUOTED = re.compile(r"《[^》]{1,60}》|“[^”]{1,80}”|„[^“”]{1,80}[“”]|「[^」]{1,60}」|\"[^\"]{1,80}\"")
_HAN_LIST = re.compile(r"[^，,。、；;:：\s]{1,24}(?:、[^，,。、；;:：\s]{1,24})+")
_LATIN_LIST = re.compile(r"[^,.;:()]{2,60}(?:, [^,.;:()]{2,60})+,? (?:und|and|sowie|or|oder) [^,.;:()]{2,60}")
_DASH_LIST = re.compile(r"[^\s,，。;:„“”\"]{2,30}(?: [^\s,，。;:„“”\"]{2,30})?(?:(?: [-–—] |—)[^,，。;:„“”\"—]{2,40}){2,}")
# What says outright that a cause, a meaning or a name follows, and what may.
_CAUSE: tuple[re.Pattern[str], ...] = (
    re.compile(
        r"因为|由于|因此|原因|是因|之所以|为了|因(?=[^素此为])|\bweil\b|\bdenn\b|\bUrsache\w*|\bGr[uü]nd(?:e|en)?\b|\bwegen\b|\bdaher\b|\bdank\b|"
        r"\bdamit\b|\bbecause\b|\breasons?\b|\bcaused?\b|\bdue to\b|\bowing to\b|\bblam\w+|\bthus\b|\bin order to\b|\bso that\b"
    ),
    re.compile(r"以便|从而|使得|让|以(?=[^及来上下])|\bda\b|\bum\b[^.]{3,80}\bzu\b|\bsince\b|\bto [a-z]{4,}"),
)
_IS = (
    re.compile(r"是指|指的是|所谓|意味|定义|即(?=[^将使便])|\bbezeichnet\b|\bbedeutet\b|\bgilt\b|\bversteh\w+|\bdefin\w+|\brefers?\b|\bmeans?\b|\bcounts? as\b"),
    re.compile(r"是|指|体现|代表|\bist\b|\bsind\b|zeichnet|repräsentiert|darstellt|\bis\b|\bare\b|represents"),
)
_NAMED = re.compile(
    r"口号|名为|称为|叫做?|概括为|称作|命名|简称|\bMotto\b|\bLosung\b|\bSlogan\b|Leitspruch|\bParole\b|\bTitel\b|\bNamen?\b|\bheisst\b|\bheißt\b|"
    r"\bgenannt\w*|\bnennt\b|bezeichnet|\bcalled\b|\bnamed\b|\bdubbed\b|\bslogan\b|\bmotto\b|\btitled\b|\bknown as\b",
)
_CALLED = re.compile(
    r"(?:\b(?:called|named|dubbed|known as|genannt|namens)|\b(?:heisst|heißt|nennt sich)) (?:the |das |die |der )?"
    r"(?P<a>[A-ZÄÖÜ][\w'’-]+(?: (?:of |for |und |and )?[A-ZÄÖÜ0-9][\w'’-]*)*)"
)
_DIGITS = re.compile(r"zahlen?(?:kürzel|code|kombination|reihe|folge)|welche (?:zahl|nummer)|which number|what number|digits?|\bcode\b|数字|哪一?串|哪组")
_CHARACTERS = re.compile("[一二两三四五六七八九十]个?字")
_SPEAKS = re.compile(
    r"\b(?:sagt\w*|erklärt\w*|betont\w*|Leiter\w*|\w*direktor\w*|\w*chef\w*|\w*minister\w*|Professor\w*|Mitglied|Bürgermeister\w*|"
    r"Vorsitzend\w*|Sprecher\w*|Dezernent\w*|\w*dezernent\w*|says?|said|told|mayor|director|professor|head of|chair\w*|minister|analyst|"
    r"executive|master|chief|founder)\b"
)
# Parts of cities by their ending in Chinese, by the word beside them in the others.
_HAN_DISTRICT = re.compile(r"(?<![\u3400-\u9fff])[\u3400-\u9fff]{2,3}(?:区|县|镇|乡)|[\u3400-\u9fff]{2}(?=区|县|镇|乡)")
_LATIN_DISTRICT = re.compile(
    r"(?:\b[Dd]istricts? of |\bStadtteil |\b(?:Stadt)?[Bb]ezirk |\bKreis |\bViertel )(?P<a>[A-Z][\w'’-]+)|(?P<b>[A-Z][\w'’-]+)(?= [Dd]istrict\b)"
)
_LATIN_PLACE = re.compile(r"(?<![^\W_])(?:in|near|from|to|aus|nach|bei) (?P<a>[A-ZÄÖÜ][a-zà-öø-ÿ]{3,}(?:[ -][A-Z][a-zà-öø-ÿ]{3,})?)")
# Months, languages, and German nouns that stand behind these words without an article.
_NO_PLACE = re.compile(
    r"^(?:Jan(?:uary|uar)?|Feb(?:ruary|ruar)?|Mar(?:ch)?|März|Apr(?:il)?|May|Mai|June?|Juni|July?|Juli|Aug(?:ust)?|Sept?(?:ember)?|"
    r"O[ck]t(?:ober)?|Nov(?:ember)?|De[cz](?:ember)?|English|German|Chinese|Höhe|Form|Frage)\b|^(?:Betrieb|Kraft|Zukunft|"
    r"Anspruch|Zusammenarbeit|Richtung|Bezug|Angaben|Bedarf|Verbindung|Milli|Mrd|Hundert|Tausend)|"
    r"(?:ungen|ung|heit|keit|schaft|schaften|ion|ionen|ität|ismus|jahr|jahren|zeit|zeiten|linie|fällen|teilen|bereich|bereichen|gebieten|weise)$"
)
_CITY = re.compile(
    r"\bwelche[nmrs]? (?:(?:\w+e[nmrs]?|\d+|zwei|drei|vier|fünf|sechs|acht|zehn) ){0,3}(?:\w*städten?|\w*stadt|\w*metropolen?)\b|"
    r"\b(?:which|what) (?:(?!is\b|are\b|was\b|were\b|do\b|does\b|did\b|has\b|have\b|of\b|in\b)[^\s?]+ ){0,3}(?:city|cities|metropolis(?:es)?)\b|"
    r"(?:哪|几|什么)[^，,。?？]{0,6}?(?:城市|都市)(?![圈群区])|城市(?:是|有|为|指)?(?:哪|什么)"
)
_BESIDE = 60  # characters around a name in which its office or a word for naming may stand
_PARTS = re.compile(r"、|, | [-–—] |—")
_JOINED = re.compile(r"和|以?及|与| und | and | sowie ")


@dataclass(frozen=True, slots=True)
class Found:
    """Something a question may want: where it stands, and how well it fits the kind asked for (0..1)."""

    span: Span
    fit: float


def answers_in(text: str, lang: str, kind: Wanted, question: str = "") -> list[Quantity]:
    """The quantities of `text` that a question of `kind` may want, in order; those the question itself states are no
    answers to it."""
    asked = find(question, detect(question)) if question else []
    return [q for q in find(text, lang) if _may_answer(q, kind) and not any(agrees(a, q) for a in asked)]


def fits(quantity: Quantity, kind: Wanted) -> bool:
    """True if a quantity is of the kinds first thought of: "how big" wants money before a count."""
    if kind == "money":
        return quantity.kind in ("money", "compute", "area", "energy", "data")
    return kind != "figure" or quantity.kind not in ("money", "duration")


def _may_answer(q: Quantity, kind: Wanted) -> bool:
    if kind == "percent":
        return q.kind == "percent"
    if kind == "date":
        return q.kind == "time" and q.unit != "plan"
    if kind == "duration":
        return q.kind == "duration" or (q.kind == "time" and q.upper is not None)
    return q.kind not in ("time", "percent")


def candidates(text: str, lang: str, kind: Wanted, question: str) -> list[Found]:
    """Where `text` has something of the `kind` that `question` wants and does not name itself, in order."""
    if kind in QUANTITIES:
        return [Found(q.span, 1.0 if fits(q, kind) else 0.5) for q in answers_in(text, lang, kind, question)]
    if kind == "person":
        found = [Found(s, 1.0) for s in _chinese_persons(text)]
        if not lang.startswith("zh"):
            found += [Found(Span(*m.span()), _near(_SPEAKS, text, m)) for m in _LATIN_PERSON.finditer(text)]
        return [f for f in found if f.span.of(text) not in question]
    if kind == "place":
        named = {p.name for p in places(question)}
        wanted_not = named | (AREAS if _CITY.search(fold(question)) else set())
        new = [p for p in places(text) if p.name not in wanted_not]
        fit = _count_fits(len({p.name for p in new}), question)
        return [Found(p.span, fit) for p in new] or [
            Found(s, 0.8 * fit) for s in _districts(text, lang) or _unlisted(text, lang) if s.of(text) not in question
        ]
    if kind == "title":
        return _titles(text, question)
    if kind == "list":
        return _lists(text, question)
    patterns = {"reason": _CAUSE, "definition": _IS}.get(kind, ())
    return [Found(Span(*m.span()), fit) for p, fit in zip(patterns, (1.0, 0.5), strict=False) for m in p.finditer(text)]


def _near(cue: re.Pattern[str], text: str, m: re.Match[str]) -> float:
    """How well a match fits: wholly with a word of `cue` beside it, else by half."""
    beside = text[max(0, m.start() - _BESIDE) : m.start()] + " " + text[m.end() : m.end() + _BESIDE]
    return 1.0 if cue.search(beside) else 0.5


def _titles(text: str, question: str) -> list[Found]:
    """What is quoted, best beside a word for naming, and what stands unquoted behind one; of a question for digits or for
    so many characters what has them."""
    found = [Found(Span(*m.span()), _near(_NAMED, text, m)) for m in _QUOTED.finditer(text)]
    found += [Found(Span(*m.span("a")), 1.0) for m in _CALLED.finditer(text)]
    asked = fold(question)
    length = _CHARACTERS.search(asked)
    if not _DIGITS.search(asked) and not length:
        return found
    sizes = (how_many(length[0]) or {1}) if length else frozenset()

    def fits(said: str) -> bool:
        inner = re.sub(r"[\W_]", "", said)
        return len(inner) in sizes if length else inner.isdigit()

    return [Found(f.span, 1.0 if fits(f.span.of(text)) else 0.3) for f in found]


def _districts(text: str, lang: str) -> list[Span]:
    if lang.startswith("zh"):
        folded = normalise(text)
        return [folded.original(Span(*m.span())) for m in _HAN_DISTRICT.finditer(folded.text)]
    return [Span(*m.span(m.lastgroup)) for m in _LATIN_DISTRICT.finditer(text)]


def _unlisted(text: str, lang: str) -> list[Span]:
    """What stands where a place would, in English and German: the list of places knows only the larger ones."""
    if lang.startswith("zh"):
        return []
    return [Span(*m.span("a")) for m in _LATIN_PLACE.finditer(text) if not _NO_PLACE.search(m["a"])]


def persons(text: str, lang: str) -> list[Span]:
    """The people `text` names beyond doubt: in Chinese behind an office and before what they say, in other languages two
    or three capitalised words that read as a Chinese name."""
    if lang.startswith("zh"):
        return _chinese_persons(text)
    folded = normalise(text)
    spans = [folded.original(n.span) for n in latin_names(text)]
    return [s for s in spans if " " in s.of(text).strip() and not named(s.of(text))]


def asks_who(question: str) -> bool:
    """True if it asks who somebody is and says nothing but the name: "Wer ist Gao Wen?"."""
    return bool(_WHO.match(normalise(question.strip()).text) or _WHO_LATIN.match(question.strip()))


def _chinese_persons(text: str) -> list[Span]:
    folded = normalise(text)
    found = [m.span("a") for m in _HAN_PERSON.finditer(folded.text)]
    others = [m.span("a") for m in _HAN_OFFICIAL.finditer(folded.text)]
    found += [o for o in others if all(o[0] != start for start, _ in found)]
    return [folded.original(Span(*span)) for span in sorted(found)]


def _lists(text: str, question: str) -> list[Found]:
    """Enumerations; one of as many items as the question says fits best."""
    return [
        Found(Span(*m.span()), max(_count_fits(n, question) for n in _items(m.group())))
        for pattern in (_HAN_LIST, _LATIN_LIST, _DASH_LIST) for m in pattern.finditer(text)
    ]


def _items(enumeration: str) -> set[int]:
    """How many items it may have: a conjunction may part two of them or stand inside one ("Zell- und Gentechnologie")."""
    parted = len(_PARTS.findall(enumeration))
    joined = len(_JOINED.findall(enumeration))
    return {parted + 1, parted + 1 + min(joined, 1), parted + 1 + joined}



def _count_fits(items: int, question: str) -> float:
    """How well a number of items fits the number the question asks for, if it says one, or one or several."""
    if counts := how_many(question):
        return 1.0 if items in counts else 0.7 if items + 1 in counts or items - 1 in counts else 0.3
    return 1.0 if (items > 1) == several(question) else 0.5
