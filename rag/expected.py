"""What kind of answer a question wants, by its question words and the noun they ask for, in German, English and Chinese."""

from __future__ import annotations

import re
from typing import Literal, get_args

from index.normalise import fold
from index.quantities import find

Wanted = Literal[
    "figure", "percent", "money", "date", "duration", "person", "place", "list", "title", "reason", "definition", "other"
]

KINDS: tuple[Wanted, ...] = get_args(Wanted)

_NUMBER = r"(?:\d+|two|three|four|five|six|seven|eight|nine|ten|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|[二两三四五六七八九十])"
_WHICH = r"(?:welche[nmrs]?|which|what(?:'s| is| was| are| were| will be)?(?: the| its| their)?)"
_NEAR = r"(?:[^\s?？]+ ){0,4}?"  # adjectives and owners between the question word and its noun
# Nouns by the kind of their value. Folded text: ß is ss.
_PERCENT = (
    r"(?:\w*quote|\w*anteile?|\w*prozentsatz|\w*zins(?:satz|en)?|\w*marge|\w*ausbeute|\w*auslastung|\w*srate|"
    r"rates?|shares?|proportion|portion|percentage|penetration|yield|margin)"
)
_MONEY = (
    r"(?:\w*umsatz|\w*erlöse?n?|\w*einnahmen|\w*kosten|\w*preise?|\w*budget\w*|\w*kapital|\w*investition(?:en|svolumen|ssumme)?|"
    r"\w*gehalt|\w*lohn|\w*ausgaben|\w*zuschüsse?n?|\w*zuschuss|\w*verluste?|\w*gewinne?|\w*gebühre?n?|\w*geld|"
    r"\w*summe|\w*betrag|\w*wert|\w*volumen|\w*umfang|\w*grösse|\w*höhe|\w*wirtschaftsleistung|\w*kredite?|"
    r"costs?|prices?|budget|revenues?|turnover|sales|salary|pay|wages?|investments?|spending|funding|capital|credit|loans?|"
    r"fees?|tuition|subsid(?:y|ies)|grants?|deficit|loss|profits?|bill|sum|amount|value|worth|volume|size|output|level)"
)
_MONEY_ZH = (
    "(?:资金|金额|收入|营收|营业额|成交额|交易额|投资|预算|成本|价格|售价|电价|起薪|薪水|工资|费用|花费|造价|贷款|授信|产值|规模|总值|总量|"
    "支出|经费|单价|学费|年费|票价|租金|补贴|补助|奖金|罚款|利润|亏损|总额|gdp)"
)
_TIMES = (
    r"(?:jahren?|monaten?|wochen|tagen?|stunden|minuten|sekunden|years|months|weeks|days|hours|minutes|seconds)"
)
_TIMES_ZH = "(?:年(?!代)|个月|周|天|个?小时|分钟|秒|时间)"
_OFFICES = (
    r"\w*minister\w*|officials?|\w*expert\w*|\w*direktor\w*|director|professor\w*|academician|\w*meister\w*|mayor|master|"
    r"\w*wissenschaftler\w*|scientist|\w*chef(?:in)?|\w*leit(?:er|erin|ung)|\w*politiker\w*|politician|analyst\w*|\w*sprecher\w*|"
    r"spokes\w+|\w*vorsitzende\w*|chair\w*|\w*präsident\w*|president|head|chief|manager\w*|founder|\w*gründer\w*|\w*abgeordnete\w*|"
    r"\w*unternehmer\w*|\w*beamt\w+|\w*arzt|\w*ärztin|\w*landr[aä]t\w*|\w*ingenieur\w*|\w*schüler\w*|\w*ökonom\w*|\w*berater\w*|\w*physiker\w*|"
    r"\w*prüfer(?:in)?|\w*vize|\w*oberhaupt|\w*inhaber(?:in)?|\w*kapitän\w*|\w*mitarbeiter(?:in)?|\w*linguist\w*|\w*dozent\w*|auditor|executive|captain|"
    r"academic|performer|boss|\w*richter\w*|\w*anw[aä]lt\w*|\w*forscher\w*|\w*sekretär\w*|\w*autor\w*|\w*architekt\w*|economist|consultant|physicist|lawmaker|legislator|"
    r"member|entrepreneur|deputy|vet|veterinarian|senator|judge|engineer|doctor|authors?|researcher|secretary|lawyer|architect|c[eft]o"
)
_OFFICE = f"(?:{_OFFICES})"
_OFFICE_ZH = (
    "(?:[部局市所院校站厂县区镇村署司处会事]长|主任|专家|院士|负责人|记者|总经理|总裁|主席|分析师|教授|秘书长|总监|书记|律师|创始人|创办人|"
    "作者|老板|审计人|精算师|船长|演员|科学家|工程师|操作员|发言人|报告人|议员|立委|医生|兽医)"
)
_PLACE = (
    r"(?:\w*städten?|\w*stadt|\w*stadtteil|\w*bezirk|\w*vierteln?|\w*distrikt|\w*kreise?n?|provinz(?:en)?|land|ländern?|orte?n?|"
    r"\w*standorten?|\w*region(?:en)?|\w*flu(?:ss|sses)|city|cities|provinces?|country|countries|places?|regions?|districts?|"
    r"part|quarter|river|location|sites?|town)"
)
THINGS = (
    r"(?:areas|fields|sectors|industries|cities|companies|firms|measures|districts|regions|layers|levels|institutions|technologies|"
    r"bereiche\w*|felder\w*|branchen|städte\w*|unternehmen|firmen|massnahmen|regionen|ebenen|einrichtungen|einsatzfelder\w*|"
    r"\w*(?:felder|branchen|bereiche|zweige|industrien|einrichtungen|zonen|städte|gebiete|themen|typen|arten|technologien|"
    r"krankheiten|standorte|stufen|projekte|ungen|scheine)n?)"
)
# One thing, after which a word in -s is a verb: "which university helps".
_ONE = (
    r"(?:university|company|firm|hospital|operator|port|institute|agency|ministry|bank|school|plant|maker|manufacturer|supplier|body|group|"
    r"organi[sz]ation|association|start-up|startup|court|academy|newspaper|brand|{_OFFICES})\b"
)
_SLOGAN = (
    r"(?:slogan|motto|leitspruch|parole|losung|schlagwort|formel|catchphrase|buzzword|code\w*|zahlen(?:kürzel|code|kombination)|"
    r"name|namen|titel|title|number|zahl|nummer|bezeichnung|policy|policies)"
)
# In this order: the first that matches decides.
_PATTERNS: tuple[tuple[Wanted, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern)) for kind, pattern in (
        (
            "definition",
            r"versteht man|\bwas (bedeutet|misst)|\bwas gilt .{0,60}\bals\b|\bwas zählt .{0,60}\bzu|was steckt hinter|how (do|does) .{1,60} describe\b|\bwas genau (ist|sind)|wie (ist|wird|werden|sind|definiert) .{0,60}defini|"
            r"what (exactly )?(is|are) meant|what (exactly|precisely) (is|are)|what counts as|what does .{1,100} (mean|refer)|"
            r"how (is|are|does|do) .{1,60} defin|under what conditions|wie definier|\bwas mein\w+ .{1,60} mit\b|what do .{1,60} mean by|"
            r"^when (is|are) .{1,80} (called|considered|counted)|what does an? .{1,60} do\b|^what is an? |"
            r"(怎么|如何|怎样)(被)?(定义|界定)|什么意思|的(意思|定义)[?？]?$|什么(样的.{1,12})?才?算|(是|在)做什么|有(什么|何)作用|究竟(是|在讲|指)什么|指的?是什么|什么叫|怎么回事",
        ),
        (
            "reason",
            r"\bwarum\b|\bwieso\b|\bwodurch\b(?! (?:zeichne|unterscheide))|\bworan\b|womit (erklär|begründ|recht)\w+|\bdie ursache|was (brachte|veranlasste|bewog)\b|"
            r"\bweshalb\b|aus welche[mn] gr[uü]nd|welche ursache|welches ereignis|worauf .{1,80}zurück|"
            r"\bwhy\b|how come|what (made|makes|explains|caused|causes|triggered|led|prompted|brought|drives|drove|inspired)\b|what event|blame for|"
            r"on what grounds|what reasons?\b|(main|chief|most common|commonest) (reason|bottleneck|cause)|was trieb\b|worin (liegt|besteht|sieht) .{1,80}(problem|grund|ursache)|"
            r"how (do|does|did) .{1,80} (justify|defend|explain)\b|what (do|does|did) .{1,60} see as\b|"
            r"为什么|为何(?![?？]?$)|为啥|何以|原因|理由|主因|瓶颈|归咎|归因|怎么解释|(来自|因为|出于)什么|灵感|问题出在|什么(事|因素)?(让|使|促)",
        ),
        ("title", r"what (is|was) .{1,40} (position|job|post|role)\b|(what|which) (post|position|office) (do|does|did)\b|welche[sn]? (amt|position|posten)\b|什么(职位|职务|官)"),
        ("date", r"^(in|since|from|until) (which|what) year\b|\w*gründungsjahr|哪一?年(?!代)|何年"),
        (
            "duration",
            rf"wie lange?\b|how long\b|how quickly|{_WHICH} {_NEAR}(zeitraum|zeitspanne|\w*laufzeit|\w*dauer|\w*zeit|period|time ?span|"
            rf"timeframe|maturity|term|duration|hold time)\b|^\w*laufzeit|\w+ hold time|wie ?viele? {_TIMES}|(how many|which|what) {_TIMES}\b|"
            rf"多久|(期|时间).{{0,4}}多长|多长时间|(几|多少)个?{_TIMES_ZH}|哪(几|些)年|时间跨度|需时|耗时|用时",
        ),
        (
            "percent",
            rf"prozent|\banteil\b|um wie ?viel .{{0,40}}(wuchs|gewachsen|gestiegen|zugenommen)|wachstumsrate|"
            rf"percent|per cent|how fast|how punctual|wie pünktlich|growth rate|(grow|grew|growth|increase|rise|rose)\b.{{0,30}}(how much|rate)|"
            rf"how much .{{0,50}}(grow|grew|increase|rise|rose)|by how much|wie (stark|schnell)|(gewachsen|wuchs|wachstum|zuwachs|gestiegen)|"
            rf"({_WHICH}|wie hoch (ist|war|liegt|sind)( die| der| das)?|how high is( the)?) {_NEAR}{_PERCENT}\b|what {_NEAR}{_PERCENT} of\b|"
            rf"多[大少](份额|比重)|百分之?[几多]|百分比|比例|占比|占(全国|全球|全世界)?.{{0,6}}(多少|几)|(增长|成长|增速|增幅|上升).{{0,8}}(多少|几|多快)|"
            rf"(多少|几)个百分点|增长率|增速|渗透率|[^\W效]率.{{0,10}}(多少|几|多高|多大)|有?多少.{{0,3}}(绿电|占)|比重",
        ),
        (
            "date",
            r"\bwann\b|welche[mrsn]? (jahr|datum|tag|monat)\b|an welchem tag|"
            r"^(and |so |since |by |until |from )?when\b|(what|which) (exact )?(year|date|day|month)\b|exact date|"
            r"何时|什么时候|哪(一)?[年天日月]|几(月|号)|什么(时间|日期)",
        ),
        (
            "person",
            rf"\bwer\b|\bwessen\b|^wen\b|^wem\b|((?<!\w )|\b(of|by|from|with|to|for|and|but|is|was|name|tell me) )\bwho\b|\bauf wen\b|\bwhose\b|\bwhom\b|谁|哪(一)?位|(哪些|什么)人|"
            r"\b(bei|von|mit|durch|für|gegen|unter) we[mn]\b|^name the (\w+ ){0,2}(author|founder|director|head|chief)|"
            rf"{_WHICH} (\w+ ){{0,2}}{_OFFICE}\b|(wie heisst|^name (of|des|der)) {_NEAR}{_OFFICE}\b|{_OFFICE_ZH}(是|叫)|{_OFFICE_ZH}$|"
            rf"^{_OFFICE} (of|von|des|der|bei)\b",
        ),
        ("money", r"\b(welche[nmrs]?|which|what) (\w+ )?(betrag|summe|beitrag|zuschuss|höhe|amount|sum|subsidy|fee|price)\b|wo liegt .{0,60}(grenze|maximum|limit)"),
        (
            "place",
            rf"\bwo\b|\bwoher\b|\bwohin\b|\bwhere\b(?!.{{0,60}}\brank)(?!.{{0,20}}\bend up)|{_WHICH} (\S+ ){{0,3}}?{_PLACE}\b|"
            r"an welcher stelle|(at|in) which .{0,20}(venue|hall|museum|place|site)\b|哪(一?个|座)(场馆|场所|地点)|\bbirthplace\b|geburtsort|哪里|哪儿|何处|何地|什么地方|什么位置|在哪[?？]?$|哪国|(国家|城市|地方|省|市)是哪|地点$|哪(些|几|[二两三四五六七八九十])?(一|个|座|条)?.{0,4}(城市|省份|国家|地方|地区|区域|河|园区)|"
            r"哪(一|个|几个|些)?(区|县|省|市|镇)",
        ),
        (
            "title",
            rf"wie (heisst|heissen|hiess|hiessen|lautet|nenn\w+|bezeichne\w+)|\bnamens\b|what (is|was) the (name|title|slogan|motto)|(?<!so-)called\b|"
            rf"({_WHICH}|unter welche[mrn]|mit welche[mrn]) (\w+ ){{0,2}}{_SLOGAN}\b|known (as|by)|by which|^name (of|des|der)\b|what did .{1,60} (name|call)\b|"
            rf"{_WHICH} (\S+ )?(\w*programm|\w*plan|\w*projekt|\w*gesetz|\w*system|programme|program|project|law|initiative)\b|"
            r"\b(slogan|motto)\b|"
            r"叫(做)?什么|叫法|名(字|称)|口号|代号|称为|什么(口号|名)|(什么|怎么)称呼|哪句话|哪[一几两三四五六]个?字|哪一?串|哪组数字|(哪一?个|什么).{0,3}(计划|方案|项目|系统|产品|条例|规划|法律|软件)",
        ),
        (
            "money",
            rf"wie (gross|hoch|teuer)\b(?! (ist|war|sind) die (an)?zahl)|\bwas (kostete?n?|kosten|zahl\w+|verdien\w+|steuer\w+|brachte|legt)\b|\bwas muss man .{{1,80}}(zahlen|ausgeben)|what did .{{1,60}} turn over|\bwas (hat|haben|wird|lässt) .{{1,100}}(gekostet|ausgegeben|gezahlt|kosten)\b|"
            rf"wie ?viel {_NEAR}(geld|yuan|euro|dollar|{_MONEY})\b|wie ?viel .{{0,20}}(investier|zahl|kost)|auf wie ?viel|"
            rf"how (big|large|high|expensive)|how much {_NEAR}{_MONEY}\b|how much (money|yuan|is|was|will|does .{{0,30}} cost)|"
            rf"(?<!where )what (do|does|did|will) .{{1,60}}(cost|pay|earn|spend)|{_WHICH} {_NEAR}{_MONEY}\b|(market|industry|sector) (size|scale)\b|"
            rf"{_MONEY_ZH}.{{0,10}}(多|几|什么)|(多少|几).{{0,2}}{_MONEY_ZH}|多大|多少(钱|元|亿|美元)|多高|(gdp|bip)\b|什么(水平|水准)",
        ),
        (
            "list",
            rf"(welche[nmrs]?|what|which|in welche|auf welche|what are the|what were the) {_NUMBER}\b|{_WHICH} ([\w-]+ ){{0,3}}(\w+-)?{THINGS}\b|"
            rf"\bwhich (?!(?:\w+ ){{0,2}}?{_ONE})([\w-]+ ){{0,3}}[\w-]{{3,}}(?<![suio])s\b|(what|which) (kinds|types|sorts)\b|which ones|\b(list|name) (the|all|me|us)\b|"
            r"\bwelche (\w+ )?\w+(en|er|e) (dürfen|sind|werden|haben|können|wurden|müssen|gehören|zählen)\b|\bnennen? (die|alle)|worauf (konzentriert|legt|setzt)|哪些|有哪(?!位|一|里|年)|哪(几|[二两三四五六七八九十])|"
            r"分(为|成)哪|分别(是|为|有)什么|[两二三四五六七八九十](大|类|个|项|种|步).{0,10}(是什么|包括)",
        ),
        (
            "figure",
            r"wie ?viele?n?\b|\w*anzahl|\w*zahl (der|an)|auf welche \w*zahl|wie (lang|weit|dicht|tief|schwer|genau|schnell|laut|leistungsfähig|alt|häufig)\b|how (old|loud|powerful|big)\b|how (many|much|far|dense|deep|heavy|tall)\b|"
            r"what did .{1,60} weigh|what (is|was) the (\w+ ){0,3}(capacity|limit|speed|latency|ceiling|maximum|minimum|average|weight|range|count|target)\b|"
            r"(what|which) (quantity|stake|discount|computing power)\b|welche[rsn]? (\w+ )?(rabatt|\w*wert|rechenkapazität|rechenleistung|kapazität|leistung|menge|geschwindigkeit|reichweite|entfernung|tiefe|zielzahl)|number of|"
            r"what's the number|\btally\b|\bhow often|多少|几[\u3400-\u9fff]|数量|家数|多长|多远|多重|多深|总数|第几|welche[nm]? (platz|rang)|"
            r"(what|which) (rank|place)\b|\brank|end up .{0,40}(table|list)",
        ),
        ("reason", r"\bwozu\b|\bwofür\b|what .{0,30} for\?|目的"),
        (
            "definition",
            r"^was (ist|sind|heisst)\b|wodurch|^what (is|are)\b|define|characteri|what distinguishes|"
            r"(是|指)什么|什么是|何谓|(什么|哪些)(特征|特点)",
        ),
        # Without a question word, as typed into a search box.
        ("duration", r"^(durchschnittliche |mittlere )?\w*(dauer|wartezeit|lieferzeit|bauzeit)\b|\b(duration|waiting time)\b"),
        ("percent", rf"\b{_PERCENT}$|\b(zinssatz|interest rate)\b|^\w*(marktanteil|quote|anteil)\b|pünktlichkeit|\b(share|penetration) of\b|[占率]$"),
        ("money", rf"\b(\w*prämie|\w*zuschuss|\w*beitrag|\w*etat|\w*forderung(en)?|\w*preis|\w*summe|fare|investment|subsidy|grant|contribution|bonus|public money|\w*investition|umsatz|budget|\w*kosten|\w*ausgaben|\w*zuschüsse|\w*verlust|\w*betrag|preis|price|revenue|costs?|spending|fees?|bill|deficit)\b|{_MONEY_ZH}"),
        ("figure", r"^(existing|licensed|delivered|ausgelieferte)\b|\b(\w*gewicht|\w*grösse|\w*volumen|\w*häufigkeit|\w*plätze|units|goal|quantity|ceiling|maximum|target|count|total|output|capacity|\w*zahl|\w*umschlag|stückzahl|mileage|estimate|headcount|limit|size|\w*kilometer|verzögerung|obergrenze|zielmarke|kapazität|umfang)\b|目标|累计|平均值|出货量|数目|[^\W基函]数$|体重|上限|容量|人口"),
    )
)
QUANTITIES: frozenset[Wanted] = frozenset({"figure", "percent", "money", "date", "duration"})
_MANY = re.compile(
    r"städte|länder|regionen|provinzen|cities|countries|regions|provinces|哪(些|几|[二两三四五六七八九十])|分别|"
    rf"(welche|which|what) (\S+ )*?{THINGS}"
)


def wanted(question: str) -> Wanted:
    """The kind of answer `question` asks for, by its question words and nouns; `other` if they do not say."""
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
