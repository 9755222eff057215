"""The words of figures: scales, currencies, measures, fractions and bounds in English, German and Chinese."""

from __future__ import annotations

from index.quantities import Bound, Unit

SCALES = {
    "en": ((12, " trillion", " trillion"), (9, " billion", " billion"), (6, " million", " million")),
    "de": ((12, " Billion", " Billionen"), (9, " Milliarde", " Milliarden"), (6, " Million", " Millionen")),
    "zh": ((12, "万亿", "万亿"), (8, "亿", "亿"), (4, "万", "万")),
}
MONEY = {
    "en": {"CNY": ("yuan", "yuan"), "USD": ("US dollar", "US dollars"), "EUR": ("euro", "euros"), "JPY": ("yen", "yen"),
           "GBP": ("pounds sterling", "pounds sterling"), "HKD": ("HK dollars", "HK dollars"),
           "TWD": ("NT dollars", "NT dollars")},
    "de": {"CNY": ("Yuan", "Yuan"), "USD": ("US-Dollar", "US-Dollar"), "EUR": ("Euro", "Euro"), "JPY": ("Yen", "Yen"),
           "GBP": ("Pfund Sterling", "Pfund Sterling"), "HKD": ("Hongkong-Dollar", "Hongkong-Dollar"),
           "TWD": ("Taiwan-Dollar", "Taiwan-Dollar")},
    "zh": {"CNY": ("元", "元"), "USD": ("美元", "美元"), "EUR": ("欧元", "欧元"), "JPY": ("日元", "日元"), "GBP": ("英镑", "英镑"),
           "HKD": ("港元", "港元"), "TWD": ("新台币", "新台币")},
}  # fmt: skip
# Measures by English (one, several), German (one, several) and Chinese; one that is missing is written in the first of
# its unit that is here.
MEASURES: dict[Unit, dict[str, tuple[str, str, str, str, str]]] = {
    "km": {"km": ("kilometre", "kilometres", "Kilometer", "Kilometer", "公里"), "m": ("metre", "metres", "Meter", "Meter", "米"),
           "cm": ("centimetre", "centimetres", "Zentimeter", "Zentimeter", "厘米"),
           "mm": ("millimetre", "millimetres", "Millimeter", "Millimeter", "毫米"),
           "μm": ("micrometre", "micrometres", "Mikrometer", "Mikrometer", "微米"),
           "nm": ("nanometre", "nanometres", "Nanometer", "Nanometer", "纳米"),
           "mile": ("mile", "miles", "Meile", "Meilen", "英里"),
           "nautical mile": ("nautical mile", "nautical miles", "Seemeile", "Seemeilen", "海里")},
    "m2": {"m2": ("square metre", "square metres", "Quadratmeter", "Quadratmeter", "平方米"),
           "km2": ("square kilometre", "square kilometres", "Quadratkilometer", "Quadratkilometer", "平方公里"),
           "ha": ("hectare", "hectares", "Hektar", "Hektar", "公顷"), "mu": ("mu", "mu", "Mu", "Mu", "亩"),
           "acre": ("acre", "acres", "Acres", "Acres", "英亩")},
    "m3": {"m3": ("cubic metre", "cubic metres", "Kubikmeter", "Kubikmeter", "立方米"), "l": ("litre", "litres", "Liter", "Liter", "升")},
    "kg": {"kg": ("kilogram", "kilograms", "Kilogramm", "Kilogramm", "公斤"), "t": ("tonne", "tonnes", "Tonne", "Tonnen", "吨"),
           "g": ("gram", "grams", "Gramm", "Gramm", "克")},
    "flops": {"FLOPS": ("FLOPS",) * 5, "TFLOPS": ("teraflops", "teraflops", "Teraflops", "Teraflops", "TFLOPS"),
              "PFLOPS": ("petaflops", "petaflops", "Petaflops", "Petaflops", "PFLOPS"),
              "EFLOPS": ("exaflops", "exaflops", "Exaflops", "Exaflops", "EFLOPS"),
              "ZFLOPS": ("zettaflops", "zettaflops", "Zettaflops", "Zettaflops", "ZFLOPS")},
    "W": {"W": ("watt", "watts", "Watt", "Watt", "瓦"), "kW": ("kilowatt", "kilowatts", "Kilowatt", "Kilowatt", "千瓦"),
          "MW": ("megawatt", "megawatts", "Megawatt", "Megawatt", "兆瓦"), "GW": ("gigawatt", "gigawatts", "Gigawatt", "Gigawatt", "吉瓦")},
    "Wh": {"kWh": ("kilowatt-hour", "kilowatt-hours", "Kilowattstunde", "Kilowattstunden", "千瓦时"),
           "MWh": ("megawatt-hour", "megawatt-hours", "Megawattstunde", "Megawattstunden", "兆瓦时"),
           "GWh": ("gigawatt-hour", "gigawatt-hours", "Gigawattstunde", "Gigawattstunden", "吉瓦时"),
           "TWh": ("TWh",) * 5},
    "byte": {name: (name,) * 5 for name in ("MB", "GB", "TB", "PB", "EB", "ZB")},
    "duration": {"year": ("year", "years", "Jahr", "Jahre", "年"), "age": ("year old", "years old", "Jahr alt", "Jahre alt", "岁"),
                 "quarter": ("quarters", "quarters", "Quartale", "Quartale", "个季度"),
                 "month": ("month", "months", "Monat", "Monate", "个月"), "week": ("week", "weeks", "Woche", "Wochen", "周"),
                 "day": ("day", "days", "Tag", "Tage", "天"), "hour": ("hour", "hours", "Stunde", "Stunden", "小时"),
                 "minute": ("minute", "minutes", "Minute", "Minuten", "分钟"),
                 "second": ("seconds", "seconds", "Sekunde", "Sekunden", "秒")},
}  # fmt: skip
PARTS = {
    "en": {"1/2": "one half", "1/3": "one third", "2/3": "two thirds", "1/4": "one quarter", "3/4": "three quarters",
           "1/5": "one fifth", "2/5": "two fifths", "3/5": "three fifths", "4/5": "four fifths", "1/10": "one tenth"},
    "de": {"1/2": "die Hälfte", "1/3": "ein Drittel", "2/3": "zwei Drittel", "1/4": "ein Viertel", "3/4": "drei Viertel",
           "1/5": "ein Fünftel", "2/5": "zwei Fünftel", "3/5": "drei Fünftel", "4/5": "vier Fünftel", "1/10": "ein Zehntel"},
}  # fmt: skip
BOUNDS: dict[str, dict[Bound, str]] = {
    "en": {"above": "more than ", "below": "less than ", "nearly": "nearly ", "about": "about ", "at least": "at least ",
           "at most": "at most "},
    "de": {"above": "über ", "below": "unter ", "nearly": "fast ", "about": "rund ", "at least": "mindestens ",
           "at most": "höchstens "},
    "zh": {"above": "超过", "below": "不到", "nearly": "近", "about": "约", "at least": "至少", "at most": "至多"},
}  # fmt: skip
