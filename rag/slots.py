"""The parts of a question that a follow-up can exchange: places, other names, years, dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from index.languages import STOP_WORDS, detect, to_simplified, to_traditional
from index.names import names
from index.normalise import normalise
from index.quantities import find
from index.types import Span

Kind = Literal["place", "name", "year", "date"]

# Places, for spelling alone does not tell them: the German name, the English one if another, further ones, the Chinese.
_PLACES = """
Peking Beijing 北京|Shanghai 上海|Tianjin 天津|Chongqing 重庆|Hongkong "Hong Kong" 香港|Macau Macao 澳门|Taiwan 台湾|Taipeh Taipei 台北
Shenzhen 深圳|Guangzhou Guangzhou Kanton Canton 广州|Hangzhou 杭州|Wuhan 武汉|Chengdu 成都|Nanjing Nanjing Nanking 南京|Suzhou 苏州|Hefei 合肥|Xi'an Xi'an Xian 西安
Changsha 长沙|Zhengzhou 郑州|Qingdao Qingdao Tsingtau 青岛|Jinan 济南|Dalian 大连|Shenyang 沈阳|Harbin 哈尔滨|Xiamen 厦门|Fuzhou 福州|Ningbo 宁波
Wuxi 无锡|Dongguan 东莞|Foshan 佛山|Kunming 昆明|Guiyang 贵阳|Lanzhou 兰州|Ürümqi Urumqi 乌鲁木齐|Lhasa 拉萨|Haikou 海口|Nanchang 南昌
Taiyuan 太原|Nanning 南宁|Zhuhai 珠海|Hebei 河北|Shanxi 山西|Liaoning 辽宁|Jilin 吉林|Heilongjiang 黑龙江|Jiangsu 江苏|Zhejiang 浙江
Anhui 安徽|Fujian 福建|Jiangxi 江西|Shandong 山东|Henan 河南|Hubei 湖北|Hunan 湖南|Guangdong 广东|Hainan 海南|Sichuan 四川|Guizhou 贵州
Yunnan 云南|Shaanxi 陕西|Gansu 甘肃|Qinghai 青海|Guangxi 广西|Xinjiang 新疆|Tibet 西藏|Ningxia 宁夏|"Innere Mongolei" "Inner Mongolia" 内蒙古
China 中国|Deutschland Germany 德国|USA "United States" US "Vereinigte Staaten" "Vereinigten Staaten" Amerika America 美国|Japan 日本|Frankreich France 法国
Großbritannien "United Kingdom" Britain UK 英国|Indien India 印度|Russland Russia 俄罗斯|Südkorea "South Korea" 韩国|Singapur Singapore 新加坡
Kanada Canada 加拿大|Brasilien Brazil 巴西|Australien Australia 澳大利亚|Italien Italy 意大利|Spanien Spain 西班牙|Europa Europe 欧洲
Österreich Austria 奥地利|Schweiz Switzerland 瑞士|Niederlande Netherlands 荷兰|Schweden Sweden 瑞典|Polen Poland 波兰|Vietnam 越南
Berlin 柏林|München Munich 慕尼黑|Hamburg 汉堡|Frankfurt 法兰克福|Köln Cologne 科隆|Stuttgart 斯图加特|Wien Vienna 维也纳|Zürich Zurich 苏黎世
London 伦敦|Paris 巴黎|"New York" 纽约|Tokio Tokyo 东京|Seoul 首尔|Moskau Moscow 莫斯科|Brüssel Brussels 布鲁塞尔|"San Francisco" 旧金山
Asien Asia 亚洲|Afrika Africa 非洲|Israel 以色列|Indonesien Indonesia 印度尼西亚|Thailand 泰国|Türkei Turkey 土耳其
"""
_MORE_CITIES = (
    "石家庄 唐山 秦皇岛 邯郸 保定 廊坊 大同 呼和浩特 包头 鞍山 长春 吉林 大庆 徐州 常州 南通 连云港 淮安 盐城 扬州 镇江 泰州 温州 嘉兴 湖州 绍兴 金华 "
    "台州 芜湖 蚌埠 马鞍山 泉州 漳州 莆田 九江 赣州 淄博 烟台 潍坊 威海 临沂 洛阳 开封 南阳 宜昌 襄阳 荆州 株洲 湘潭 岳阳 汕头 江门 湛江 惠州 中山 "
    "柳州 桂林 三亚 绵阳 德阳 宜宾 泸州 遵义 昭通 曲靖 大理 丽江 咸阳 宝鸡 延安 西宁 银川 雄安 高雄 台中 新竹 义乌 昆山"
).split()
LETTER = "A-Za-zÀ-ɏ"
_HAN_PLACE = re.compile(r"(?:^|(?<=[在和与到从、，及]))[\u3400-\u9fff]{1,3}(?:自治区|新区|(?<![上城都超本全各该个])市|[省州县])(?=$|[^\u3400-\u9fff]|[的在有和与呢])")
# Pinyin that reads as no German or English word: most short words (Lage, Woche, Danke) are syllables, too.
_PINYIN = re.compile(r"zh|x|q(?!u)|[iu]?ong|[iu]ang|iao|uo|ian")
# Two and more capitalised words in a row, or a word with a capital inside: a name also in German.
_CAPITALISED = re.compile(
    r"(?<![\w-])(?:[A-ZÄÖÜ][\w’']*[a-zäöüß](?:[ -][A-ZÄÖÜ][\w’']*[a-zäöüß])+|[A-Z][a-z]+[A-Z]\w*)(?![\w-])"
)
_CAPITAL = re.compile(r"(?<![\w-])[A-ZÄÖÜ][\w-]*[a-zäöüß]\w*")
_AFTER_PREPOSITION = re.compile(r"\b(?:in|bei|aus|nach|von) (?P<noun>[A-ZÄÖÜ][\w-]+)(?=\s*[?.!,]|$|\s+[a-zäöüß])")
_PREPOSITIONAL = re.compile(r"(?:in|bei|aus|nach|von|at|from)\s+(?P<noun>[A-ZÄÖÜ][\w-]*[a-zäöüß])")


@dataclass(frozen=True, slots=True)
class Slot:
    """A part of a question; `span` leaves out the `s` of a genitive."""

    kind: Kind
    span: Span


def slots(text: str) -> list[Slot]:
    """The slots of `text` in order, without overlaps: dates and years, known places, what is written as a name. A
    bare `in Weimar` in German is taken for a place."""
    plain = to_simplified(text)
    lang = detect(text)
    found: list[Slot] = []

    def add(kind: Kind, start: int, end: int) -> None:
        if not any(s.span.start < end and start < s.span.end for s in found):
            found.append(Slot(kind, Span(start, end)))

    for q in find(text, lang):
        if q.unit in ("date", "year"):
            add(q.unit, q.span.start, q.span.end)
    for m in _places().finditer(plain):
        add("place", *m.span())
    for m in _HAN_PLACE.finditer(plain):
        add("place", *m.span())
    for span in _written_as_names(text, lang):
        start = span.start + _head_length(span.of(text))
        if start == span.start or " " in text[start : span.end]:
            add("name", start, start + len(_bare(text[start : span.end])))
    folded = normalise(text)
    for name in names(text):
        if name.han is not None:
            span = folded.original(name.span)
            if _PINYIN.search(span.of(text).casefold()):
                add("name", span.start, span.start + len(_bare(span.of(text))))
    return sorted(found, key=lambda s: s.span.start)


def is_place(text: str) -> bool:
    """True if `text` is the name of a place we know."""
    return to_simplified(text) in _names_of_places()


def place_in(text: str, lang: str) -> str:
    """The name of a place in `lang` (German, English or Chinese in either script); `text` if we know none."""
    known = _names_of_places().get(to_simplified(text))
    if known is None or lang.split("-")[0] not in ("de", "en", "zh"):
        return text
    if lang.startswith("zh"):
        return to_traditional(known[-1]) if lang == "zh-Hant" else known[-1]
    return known[min(1, len(known) - 2)] if lang == "en" else known[0]


def _written_as_names(text: str, lang: str) -> list[Span]:
    found = [Span(*m.span()) for m in _CAPITALISED.finditer(text)]
    if lang == "en":
        found += [Span(*m.span()) for m in _CAPITAL.finditer(text) if m.start() and m.group().casefold() not in STOP_WORDS]
    if m := _PREPOSITIONAL.fullmatch(text):
        found.append(Span(*m.span("noun")))
    return found


def after_preposition(text: str) -> list[str]:
    """Nouns of a German question that stand behind a preposition without an article, as places do."""
    return [m["noun"] for m in _AFTER_PREPOSITION.finditer(text)]


def _head_length(name: str) -> int:
    """How much of `Der Plan` or `Who Is` at its head is no name."""
    head = 0
    for word in re.finditer(r"\S+\s*", name):
        if word.group().strip().casefold() not in STOP_WORDS | _HEADS:
            return head
        head = word.end()
    return head


def _bare(name: str) -> str:
    return re.sub(r"['’]s?$", "", name.rstrip())


_HEADS = frozenset("die der das in an im was will hat and und or oder also what how who".split())


@cache
def _names_of_places() -> dict[str, tuple[str, ...]]:
    """Every name of a place -> all of its names."""
    rows = [tuple(a or b for a, b in re.findall(r'"([^"]+)"|([^\s"]+)', row)) for row in re.split(r"[|\n]", _PLACES) if row]
    return {name: row for row in rows for name in row}


@cache
def _places() -> re.Pattern[str]:
    words = sorted([*_MORE_CITIES, *_names_of_places()], key=len, reverse=True)
    han = "|".join(w for w in words if w[0] > "\u3400")
    latin = "|".join(re.escape(w) for w in words if w[0] < "\u3400")
    return re.compile(rf"(?<![{LETTER}-])(?:{latin})(?=(?:['’]?s)?(?![{LETTER}\d]))|{han}")
