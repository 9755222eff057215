"""Places by name across languages: 北京, Beijing and Peking are one place.

A list of the places that news texts compare most: China's provinces and larger cities, countries, world cities. It
decides only whether a sentence is about the place a question asks for; a place that is not in it is an ordinary word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from index.languages import to_traditional
from index.normalise import normalise
from index.types import Span

# One place a word: Chinese (simplified), English and, where it differs, German, parted by "/"; "~" marks other names
# that are read and not written; "_" is a space.
_PLACES = """
中国/~我国/China 北京/Beijing/Peking 上海/Shanghai/~Schanghai 天津/Tianjin/~Tientsin 重庆/Chongqing 香港/Hong_Kong/Hongkong
澳门/Macao/~Macau 台湾/Taiwan 台北/Taipei/Taipeh 高雄/Kaohsiung 西藏/Tibet 拉萨/Lhasa 新疆/Xinjiang 乌鲁木齐/Urumqi/Ürümqi
内蒙古/Inner_Mongolia/Innere_Mongolei 呼和浩特/Hohhot 广西/Guangxi 宁夏/Ningxia 河北/Hebei 山西/Shanxi 辽宁/Liaoning
吉林/Jilin 黑龙江/Heilongjiang 江苏/Jiangsu 浙江/Zhejiang 安徽/Anhui 福建/Fujian 江西/Jiangxi 山东/Shandong 河南/Henan
湖北/Hubei 湖南/Hunan 广东/Guangdong 海南/Hainan 四川/Sichuan 贵州/Guizhou 云南/Yunnan 陕西/Shaanxi 甘肃/Gansu
青海/Qinghai 石家庄/Shijiazhuang 唐山/Tangshan 保定/Baoding 雄安/Xiong'an/~Xiongan 太原/Taiyuan 沈阳/Shenyang 大连/Dalian
长春/Changchun 哈尔滨/Harbin 南京/Nanjing/~Nanking 苏州/Suzhou 无锡/Wuxi 常州/Changzhou 南通/Nantong 徐州/Xuzhou
扬州/Yangzhou 杭州/Hangzhou 宁波/Ningbo 温州/Wenzhou 嘉兴/Jiaxing 绍兴/Shaoxing 金华/Jinhua 泰州/Taizhou 台州/Taizhou 湖州/Huzhou
合肥/Hefei 芜湖/Wuhu 马鞍山/Ma'anshan/~Maanshan 福州/Fuzhou 厦门/Xiamen 泉州/Quanzhou 南昌/Nanchang 赣州/Ganzhou
九江/Jiujiang 济南/Jinan 青岛/Qingdao/~Tsingtao/~Tsingtau 烟台/Yantai 潍坊/Weifang 临沂/Linyi 郑州/Zhengzhou 洛阳/Luoyang
开封/Kaifeng 武汉/Wuhan 宜昌/Yichang 襄阳/Xiangyang 长沙/Changsha 株洲/Zhuzhou 广州/Guangzhou/~Kanton/~Canton 深圳/Shenzhen
珠海/Zhuhai 佛山/Foshan 东莞/Dongguan 惠州/Huizhou 中山/Zhongshan 汕头/Shantou 湛江/Zhanjiang 南宁/Nanning 桂林/Guilin
柳州/Liuzhou 海口/Haikou 三亚/Sanya 成都/Chengdu 绵阳/Mianyang 宜宾/Yibin 贵阳/Guiyang 遵义/Zunyi 昆明/Kunming
大理/Dali 西安/Xi'an/~Xian 咸阳/Xianyang 延安/Yan'an 兰州/Lanzhou 西宁/Xining 银川/Yinchuan
秦皇岛/Qinhuangdao 邯郸/Handan 廊坊/Langfang 大同/Datong 包头/Baotou 鞍山/Anshan 大庆/Daqing 连云港/Lianyungang 淮安/Huai'an
盐城/Yancheng 镇江/Zhenjiang 义乌/Yiwu 昆山/Kunshan 蚌埠/Bengbu 漳州/Zhangzhou 莆田/Putian 淄博/Zibo 威海/Weihai
南阳/Nanyang 荆州/Jingzhou 湘潭/Xiangtan 岳阳/Yueyang 江门/Jiangmen 德阳/Deyang 泸州/Luzhou 昭通/Zhaotong 曲靖/Qujing
丽江/Lijiang 宝鸡/Baoji 台中/Taichung 新竹/Hsinchu
南沙/Nansha 番禺/Panyu 前海/Qianhai 长三角/Yangtze_River_Delta/Jangtse-Delta/~Jangtsedelta
京津冀/Beijing-Tianjin-Hebei/Peking-Tianjin-Hebei 粤港澳/Guangdong-Hong_Kong-Macao/Guangdong-Hongkong-Macao 成渝/Chengdu-Chongqing
美国/USA/~U.S./~United_States/~Vereinigte_Staaten/~Vereinigten_Staaten/~America/~Amerika 英国/United_Kingdom/Großbritannien/~Britain/~England/~UK 法国/France/Frankreich
德国/Germany/Deutschland 意大利/Italy/Italien 西班牙/Spain/Spanien 葡萄牙/Portugal 荷兰/Netherlands/Niederlande
比利时/Belgium/Belgien 瑞士/Switzerland/Schweiz 奥地利/Austria/Österreich 波兰/Poland/Polen 捷克/Czechia/Tschechien
瑞典/Sweden/Schweden 挪威/Norway/Norwegen 丹麦/Denmark/Dänemark 芬兰/Finland/Finnland 希腊/Greece/Griechenland
土耳其/Turkey/Türkei 俄罗斯/Russia/Russland 乌克兰/Ukraine 以色列/Israel 埃及/Egypt/Ägypten 南非/South_Africa/Südafrika
印度/India/Indien 日本/Japan 韩国/South_Korea/Südkorea 朝鲜/North_Korea/Nordkorea 越南/Vietnam 泰国/Thailand 新加坡/Singapore/Singapur
马来西亚/Malaysia 印尼/~印度尼西亚/Indonesia/Indonesien 菲律宾/Philippines/Philippinen 澳大利亚/Australia/Australien
新西兰/New_Zealand/Neuseeland 加拿大/Canada/Kanada 墨西哥/Mexico/Mexiko 巴西/Brazil/Brasilien 阿根廷/Argentina/Argentinien
欧洲/Europe/Europa 亚洲/Asia/Asien 非洲/Africa/Afrika 欧盟/European_Union/Europäische_Union 东南亚/Southeast_Asia/Südostasien
柏林/Berlin 慕尼黑/Munich/München 汉堡/Hamburg 法兰克福/Frankfurt 科隆/Cologne/Köln 斯图加特/Stuttgart 维也纳/Vienna/Wien 苏黎世/Zurich/Zürich
伦敦/London 巴黎/Paris 罗马/Rome/Rom 马德里/Madrid 阿姆斯特丹/Amsterdam 布鲁塞尔/Brussels/Brüssel 莫斯科/Moscow/Moskau
纽约/New_York 华盛顿/Washington 旧金山/San_Francisco 洛杉矶/Los_Angeles 波士顿/Boston 西雅图/Seattle 多伦多/Toronto
东京/Tokyo/Tokio 大阪/Osaka 首尔/Seoul 釜山/Busan 曼谷/Bangkok 河内/Hanoi 孟买/Mumbai 班加罗尔/Bangalore 迪拜/Dubai
悉尼/Sydney 墨尔本/Melbourne
张家口/Zhangjiakou 承德/Chengde 沧州/Cangzhou 鄂尔多斯/Ordos 赤峰/Chifeng 乌兰察布/Ulanqab 齐齐哈尔/Qiqihar 营口/Yingkou 滁州/Chuzhou
阜阳/Fuyang 安庆/Anqing 上饶/Shangrao 宜春/Yichun 济宁/Jining 泰安/Tai'an 新乡/Xinxiang 许昌/Xuchang 商丘/Shangqiu
衡阳/Hengyang 常德/Changde 郴州/Chenzhou 肇庆/Zhaoqing 梅州/Meizhou 茂名/Maoming 榆林/Yulin 酒泉/Jiuquan 中卫/Zhongwei 攀枝花/Panzhihua
台南/Tainan 桃园/Taoyuan 基隆/Keelung
马格德堡/Magdeburg 不来梅/Bremen 不来梅港/Bremerhaven 德累斯顿/Dresden 莱比锡/Leipzig 汉诺威/Hanover/Hannover 纽伦堡/Nuremberg/Nürnberg
多特蒙德/Dortmund 杜塞尔多夫/Düsseldorf 杜伊斯堡/Duisburg 波恩/Bonn 曼海姆/Mannheim 卡塞尔/Kassel 卡尔斯鲁厄/Karlsruhe 奥格斯堡/Augsburg
基尔/Kiel 吕贝克/Lübeck 罗斯托克/Rostock 耶拿/Jena 埃尔福特/Erfurt 开姆尼茨/Chemnitz 波茨坦/Potsdam 弗赖堡/Freiburg 海德堡/Heidelberg
亚琛/Aachen 沃尔夫斯堡/Wolfsburg 巴伐利亚/Bavaria/Bayern 萨克森/Saxony/Sachsen 黑森/Hesse/Hessen 图林根/Thuringia/Thüringen
格拉茨/Graz 林茨/Linz 萨尔茨堡/Salzburg 因斯布鲁克/Innsbruck 日内瓦/Geneva/Genf 巴塞尔/Basel
鹿特丹/Rotterdam 海牙/The_Hague/Den_Haag 安特卫普/Antwerp/Antwerpen 哥本哈根/Copenhagen/Kopenhagen 斯德哥尔摩/Stockholm 哥德堡/Gothenburg/Göteborg
奥斯陆/Oslo 赫尔辛基/Helsinki 华沙/Warsaw/Warschau 布拉格/Prague/Prag 布达佩斯/Budapest 雅典/Athens/Athen 伊斯坦布尔/Istanbul 基辅/Kyiv/Kiew
米兰/Milan/Mailand 都灵/Turin 的里雅斯特/Trieste/Triest 热那亚/Genoa/Genua 巴塞罗那/Barcelona 里斯本/Lisbon/Lissabon 里昂/Lyon 马赛/Marseille
都柏林/Dublin 曼彻斯特/Manchester 爱丁堡/Edinburgh
芝加哥/Chicago 休斯敦/Houston 底特律/Detroit 费城/Philadelphia 亚特兰大/Atlanta 加利福尼亚/~加州/California/Kalifornien 得克萨斯/Texas
硅谷/Silicon_Valley 温哥华/Vancouver 蒙特利尔/Montreal 圣保罗/São_Paulo/~Sao_Paulo
横滨/Yokohama 名古屋/Nagoya 福冈/Fukuoka 九州/Kyushu/~Kyūshū 北海道/Hokkaido 仁川/Incheon 雅加达/Jakarta 马尼拉/Manila
吉隆坡/Kuala_Lumpur 槟城/Penang 新德里/New_Delhi 海得拉巴/Hyderabad 阿布扎比/Abu_Dhabi 利雅得/Riyadh/Riad 开罗/Cairo/Kairo
"""


_JOINED = re.compile(
    r"(?:['’]?s)?\s*(?:,|、|，|和|与|與|跟|同|及|以及|还是|還是|或|und|and|or|oder|sowie|versus|vs\.?|with|mit)+\s*(?:in |von |of |that of )?"
)


_AND = re.compile(r"[和与與跟同及或、]|还是|還是|\b(?:und|and|or|oder|sowie|versus|vs|with|mit)\b")


@dataclass(frozen=True, slots=True)
class Place:
    """A place by its first name in the list, and where a text names it."""

    name: str
    span: Span


@cache
def _table() -> tuple[dict[str, str], re.Pattern[str]]:
    """Folded name -> place, and a pattern of all the names, longest first. A Latin name may have a genitive's or an
    inhabitant's ending (Wuhans, Wuhan's, Pekinger)."""
    names: dict[str, str] = {}
    for entry in _PLACES.split():
        known = entry.replace("_", " ").split("/")
        names |= {normalise(n.removeprefix("~")).text: known[0] for n in known}
    ordered = sorted(names, key=len, reverse=True)
    han = "|".join(re.escape(n) for n in ordered if n >= "\u3400")
    latin = "|".join(re.escape(n) for n in ordered if n < "\u3400")
    return names, re.compile(rf"(?P<han>{han})|(?<![^\W\d_])(?P<latin>{latin})(?=(?:['’]?s|e[rn]|ern|ers)?(?![^\W\d_]))")


@lru_cache(maxsize=8192)
def places(text: str) -> tuple[Place, ...]:
    """The places that `text` names, in order; spans are those of `text`."""
    folded = normalise(text)
    table, pattern = _table()
    found = (
        Place(table[m.group()], folded.original(Span(*m.span()))) for m in pattern.finditer(folded.text)
    )
    return tuple(p for p in found if p.span.of(text)[:1] >= "\u3400" or p.span.of(text)[:1].isupper())


@cache
def _written() -> dict[str, tuple[str, str, str]]:
    """Place -> its Chinese, English and German name."""
    out = {}
    for entry in _PLACES.split():
        zh, *latin = (n for n in entry.replace("_", " ").split("/") if not n.startswith("~"))
        out[zh] = (zh, latin[0], latin[-1])
    return out


def written(place: str, lang: str) -> str:
    """The name of a place (`Place.name`) in `lang`."""
    zh, en, de = _written()[place]
    if lang.startswith("zh"):
        return to_traditional(zh) if lang == "zh-Hant" else zh
    return de if lang.startswith("de") else en


def named_in(name: str, lang: str) -> str:
    """A place's `name`, in any language, as `lang` (German, English or Chinese in either script) writes it; `name` itself
    if it is no place we know, or another language."""
    if lang.split("-")[0] not in ("de", "en", "zh") or not is_place(name):
        return name
    return written(places(name)[0].name, lang)


def is_place(text: str) -> bool:
    """True if `text` is the name of a place we know."""
    return [p.span for p in places(text)] == [Span(0, len(text))]


# Containers of the others: what is said of a city in them is no other place's matter.
BROAD = frozenset("中国 欧洲 亚洲 非洲 欧盟 东南亚".split())
# And the other places of the list that are no cities: who asks for cities does not want them.
AREAS = BROAD | frozenset(
    "西藏 新疆 内蒙古 广西 宁夏 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南 陕西 甘肃 青海 台湾 "
    "长三角 京津冀 粤港澳 成渝 美国 英国 法国 德国 意大利 西班牙 葡萄牙 荷兰 比利时 瑞士 奥地利 波兰 捷克 瑞典 挪威 丹麦 芬兰 希腊 土耳其 俄罗斯 "
    "乌克兰 以色列 埃及 南非 印度 日本 韩国 朝鲜 越南 泰国 马来西亚 印尼 菲律宾 澳大利亚 新西兰 加拿大 墨西哥 巴西 阿根廷 巴伐利亚 萨克森 黑森 图林根 "
    "加利福尼亚 得克萨斯 硅谷 九州 北海道".split()
)


def named(text: str) -> frozenset[str]:
    """The places that `text` names."""
    return frozenset(p.name for p in places(text))


def topic(texts: Iterable[str]) -> frozenset[str]:
    """The places of the first of `texts` that names any: a sentence and those before it, the nearest first."""
    return next((found for t in texts if (found := named(t))), frozenset())


def each_place(question: str) -> tuple[str, ...]:
    """The question asked of each of the places that it enumerates ("in Shenzhen and Beijing"); empty if it names none
    or one."""
    found = places(question)
    for at in range(len(found) - 1):
        run = [found[at]]
        for place in found[at + 1 :]:
            if not _JOINED.fullmatch(question[run[-1].span.end : place.span.start]):
                break
            run.append(place)
        gaps = question[run[0].span.end : run[-1].span.start]
        if len({p.name for p in run}) > 1 and _AND.search(gaps):  # "in Panyu, Guangzhou" is one place
            before, after = question[: run[0].span.start], question[run[-1].span.end :]
            return tuple(f"{before}{p.span.of(question)}{after}" for p in run)
    return ()
