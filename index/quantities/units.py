"""Units of measure, currencies and counters by the words that name them in folded text."""

from __future__ import annotations

import re
from fractions import Fraction

from index.quantities.records import Unit

Meaning = tuple[Unit, Fraction, str]
"""The unit, how much of it one measure is, and the name of the measure."""

_TABLE: dict[tuple[Unit, str, str], str] = {
    ("percent", "1", ""): "% percent pct prozent prozentig prozentige prozentigen prozentiger prozentiges per_cent 百分比",
    ("percent", "1", "point"): "prozentpunkt prozentpunkte prozentpunkten percentage_point percentage_points  "
                               "个百分点 百分点",
    ("percent", "1/10", ""): "‰ promille",
    ("CNY", "1", ""): "yuan renminbi rmb cny ¥ cn¥ 元 元人民币 人民币 块钱 人民币元 圆 yuan_renminbi chinese_yuan chinesische_yuan",
    ("USD", "1", ""): "dollar dollars dollarn usd $ us$ us_dollar us_dollars u.s._dollars 美元 美金 "
                      "amerikanische_dollar",
    ("EUR", "1", ""): "euro euros eur € 欧元",
    ("GBP", "1", ""): "pounds_sterling pfund_sterling gbp £ 英镑",
    ("JPY", "1", ""): "yen jpy 日元 日圆 円",
    ("HKD", "1", ""): "hkd hk$ hk_dollar hk_dollars hongkong_dollar hong_kong_dollars 港元 港币",
    ("TWD", "1", ""): "twd nt$ nt_dollar nt_dollars 新台币 taiwan_dollar taiwan_dollars 台币",
    ("km", "1", "km"): "km kilometer kilometers kilometern kilometre kilometres 公里 千米",
    ("km", "1/1000", "m"): "m meter meters metern metre metres 米",
    ("km", "1/100000", "cm"): "cm zentimeter zentimetern centimetre centimetres centimeter centimeters 厘米 公分",
    ("km", "1/1000000", "mm"): "mm millimeter millimetern millimetre millimetres millimeters 毫米",
    ("km", "1/1000000000", "μm"): "μm mikrometer micrometre micrometres micrometer micrometers micron microns 微米",
    ("km", "1/1000000000000", "nm"): "nm nanometer nanometern nanometre nanometres nanometers 纳米",
    ("km", "1/2", "li"): "里 里路 华里 里地",
    ("km", "1.609344", "mile"): "mile miles meile meilen 英里",
    ("km", "1.852", "nautical mile"): "nautical_mile nautical_miles seemeile seemeilen 海里",
    ("m2", "1", "m2"): "m2 qm sqm quadratmeter quadratmetern square_metre square_metres square_meter square_meters 平方米 "
                       "平米 sq_m",
    ("m2", "1000000", "km2"): "km2 quadratkilometer quadratkilometern square_kilometre square_kilometres "
                              "square_kilometer square_kilometers sq_km 平方公里 平方千米",
    ("m2", "10000", "ha"): "ha hektar hektaren hectare hectares 公顷",
    ("m2", "2000/3", "mu"): "亩 mu",
    ("m2", "4046.8564224", "acre"): "acre acres 英亩",
    ("m3", "1", "m3"): "m3 kubikmeter kubikmetern cubic_metre cubic_metres cubic_meter cubic_meters 立方米",
    ("m3", "1/1000", "l"): "liter litern litre litres liters 升 公升",
    ("m3", "1/1000000", "ml"): "ml milliliter millilitre millilitres milliliters 毫升",
    ("kg", "1", "kg"): "kg kilo kilos kilogramm kilogram kilograms kilogramme 公斤 千克",
    ("kg", "1000", "t"): "t ton tons tonne tonnes tonnen 吨",
    ("kg", "1/1000", "g"): "g gramm gram grams 克",
    ("kg", "1/2", "jin"): "斤",
    ("flops", "1e12", "TFLOPS"): "tflops tflop teraflops teraflop tflop/s tflops/s",
    ("flops", "1e15", "PFLOPS"): "pflops pflop petaflops petaflop pflop/s pflops/s petaflops/s",
    ("flops", "1e18", "EFLOPS"): "eflops eflop exaflops exaflop eflop/s eflops/s exaflops/s",
    ("flops", "1e21", "ZFLOPS"): "zflops zettaflops",
    ("flops", "1", "FLOPS"): "flops flop/s 次浮点运算 次运算 次浮点计算",
    ("W", "1", "W"): "w watt watts 瓦 瓦特",
    ("W", "1000", "kW"): "kw kilowatt kilowatts 千瓦",
    ("W", "1e6", "MW"): "mw megawatt megawatts 兆瓦",
    ("W", "1e9", "GW"): "gw gigawatt gigawatts 吉瓦",
    ("Wh", "1000", "kWh"): "kwh kilowattstunde kilowattstunden kilowatt_hours 千瓦时 度电",
    ("Wh", "1e6", "MWh"): "mwh megawattstunden megawatt_hours 兆瓦时",
    ("Wh", "1e9", "GWh"): "gwh gigawattstunden gigawatt_hours 吉瓦时",
    ("Wh", "1e12", "TWh"): "twh terawattstunden terawatt_hours",
    ("byte", "1e6", "MB"): "mb megabyte megabytes",
    ("byte", "1e9", "GB"): "gb gigabyte gigabytes",
    ("byte", "1e12", "TB"): "tb terabyte terabytes",
    ("byte", "1e15", "PB"): "pb petabyte petabytes",
    ("byte", "1e18", "EB"): "eb exabyte exabytes",
    ("byte", "1e21", "ZB"): "zb zettabyte zettabytes",
    ("duration", "31556952", "year"): "year years yr yrs jahr jahre jahren jahres jährig jährige jährigen jähriger jähriges jährigem "
                                      "年 年期 个年头",
    ("duration", "2629746", "month"): "month months monat monate monaten monats monatig monatige monatigen 个月",
    ("duration", "31556952", "age"): "years_old year_old jahre_alt jahr_alt 岁 周岁",
    ("duration", "315569520", "decade"): "decade decades jahrzehnt jahrzehnte jahrzehnten",
    ("duration", "3155695200", "century"): "century centuries jahrhunderte jahrhunderten 个世纪",
    ("duration", "7889238", "quarter"): "quarters quartale quartalen 个季度",
    ("duration", "604800", "week"): "week weeks woche wochen wöchig wöchige wöchigen 周 星期 个星期 礼拜 个礼拜",
    ("duration", "86400", "day"): "day days tag tage tagen tägig tägige tägigen tages business_day business_days working_day working_days "
                                "werktag werktage werktagen arbeitstage arbeitstagen 天 日内 个工作日",
    ("duration", "3600", "hour"): "hour hours hr hrs h stunde stunden stündig stündige stündigen 小时 个小时 钟头 个钟头",
    ("duration", "60", "minute"): "minute minutes min minuten minütig minütige minütigen 分钟",
    ("duration", "1", "second"): "second seconds sec sekunde sekunden 秒 秒钟",
    ("number", "1", "times"): "times fold fache fachen faches facher fach 倍",
    ("number", "1", "people"): "人 人次",
}
UNITS: dict[str, Meaning] = {
    word.replace("_", " "): (unit, Fraction(factor), measure)
    for (unit, factor, measure), words in _TABLE.items()
    for word in words.split()
}
BY_MEASURE: dict[tuple[Unit, str], Fraction] = {(u, measure): Fraction(f) for u, f, measure in _TABLE}
HAN_UNITS = {word: meaning for word, meaning in UNITS.items() if word[0] >= "\u3400"}
# A letter that is also something else is a unit only as the standard writes it: 5 m but 5M, 5 t but 5T, 5 g but 5G.
AS_WRITTEN = {"m": "m", "t": "t", "g": "g", "h": "h", "w": "W", "ha": "ha", "mw": "MW", "gw": "GW", "mb": "MB", "min": "min"}
_LATIN_UNIT = re.compile(r" ?-?(?:[%‰€£¥]|(?:cn)?¥|(?:us|hk|nt)?\$|[a-zäöüμ][a-zäöü.]*(?:[23](?!\d))?(?:/s\b)?)")
_SECOND_WORD = re.compile(r"[ -][a-zäöü]+")
_TWO_WORDS = frozenset(word.split()[0] for word in UNITS if " " in word)
_LONGEST_HAN = max(map(len, HAN_UNITS))

SIGNS: dict[str, Unit] = {
    "$": "USD", "us$": "USD", "usd": "USD", "us-$": "USD", "€": "EUR", "eur": "EUR", "¥": "CNY", "cn¥": "CNY", "rmb": "CNY", "cny": "CNY",
    "£": "GBP", "gbp": "GBP", "hk$": "HKD", "hkd": "HKD", "nt$": "TWD", "jpy": "JPY", "人民币": "CNY", "美元": "USD",
}  # fmt: skip
SIGN_ENDS = frozenset(name[-1] for name in SIGNS)
SIGN = re.compile(r"(?:(?<![a-z])(?:us-?|hk|nt)?\$|(?<![a-z])cn¥|[€¥£]|(?<![a-z])(?:usd|eur|rmb|cny|gbp|hkd|jpy)|人民币) ?$")

# What a Chinese numeral counts. Left out are those that follow an ordinal as often (二期, 三级, 十九届).
COUNTERS = frozenset("个家项类款座种条批所名位台套辆艘架只份场层部篇间栋片块颗支件组省县区国市镇村户起宗则棵")
NOT_COUNTED = re.compile("年代|周年|年级|世纪|位一体|台山|国演义|元(?:锂|材料|里|桥|电池|催化|论|化)|家村|里(?:屯|桥|河)|区块链")
PEOPLE = re.compile(r"人次|人(?!工|才|形|类|民|均|口|机|物|士|员|体|脸|大|力|事|文|行|社|群|气|间|心|选)")


def unit_at(text: str, original: str, starts: tuple[int, ...], at: int) -> tuple[Meaning, int] | None:
    """The unit that stands at `at` of folded text, after at most a space or hyphen, and where it ends; None without
    one. `original[starts[i]]` is the character that folded character i came from: case decides on single letters."""
    here = text[at : at + 1]
    if here == " " and text[at + 1 : at + 2] >= "\u3400":
        at, here = at + 1, text[at + 1]
    if here >= "\u3400":
        for length in range(_LONGEST_HAN, 0, -1):
            word = text[at : at + length]
            if meaning := HAN_UNITS.get(word):
                return None if word[0] == "人" and word in ("人", "人次") and not PEOPLE.match(text, at) else (meaning, at + len(word))
        return None
    m = _LATIN_UNIT.match(text, at)
    if m is None:
        return None
    word = m.group().lstrip(" -")
    if word in _TWO_WORDS and (second := _SECOND_WORD.match(text, m.end())):
        both = f"{word} {second.group()[1:]}"
        if both in UNITS:
            return UNITS[both], second.end()
    end = m.end()
    if word not in UNITS and word.endswith("."):
        word, end = word.rstrip("."), m.end() - 1
    meaning = UNITS.get(word)
    if meaning is None:
        return None
    if word in AS_WRITTEN:
        first = end - len(word)
        written = original[starts[first] : starts[end - 1] + 1]
        if written != AS_WRITTEN[word] or (word == "g" and first == at):
            return None
    return meaning, end
