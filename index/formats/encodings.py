"""Which encoding some bytes are in, by how well the text that each gives fits the languages that are written in it.

Each encoding has a model of single characters: the logarithm of the chance of a frequent character, of a usual one, of one
that is there but rare. Of all encodings in which the bytes are valid the one that makes them likeliest wins, if no other
reading of them comes near.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from index.languages import detect

_SAMPLE = 1 << 14  # bytes
MARGIN = 3.0  # nats by which the best reading must be likelier than any other that gives another text
_WORST = -7.5  # nats a byte below which nothing is text: random bytes are at -9 and less

# The most frequent characters, about half of all that is written.
_SIMPLIFIED = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现"
    "当没动面起看定天分还进好小部其些主样理心本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并"
    "物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几"
    "口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基"
)
_TRADITIONAL = frozenset(
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都同現"
    "當沒動面起看定天分還進好小部其些主樣理心本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並"
    "物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾"
    "口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基"
    "嘅喺咗唔佢哋嗰啲冇係咁嚟畀嘢"
)
_HANGUL = frozenset(
    "이다는을가에의고하지로사기도은한시자를어리나인대해들그일수아서게정스라있부주원장제전만보상것년과으우여성국오적구공마소조진와안선동신했비경회치무"
    "음화면된계세관생단방당요모연중실영거미말합물분유용내문학및강저없때간트월양교되호금할재반식위업출체발통두각행었르등히심복며속까민결건남외너타열산"
)
_WEST = "äöüßÄÖÜéèêëàâçîïôûùúáíóñãõåæøœÉÈÀÇÁÍÓÑÅØìòÊÎÔ¿¡"
_CENTRAL = "ąćęłńóśźżĄĆĘŁŃÓŚŹŻáčďéěíňřšťúůýžÁČĎÉĚÍŇŘŠŤÚŮÝŽőűöüŐŰÖÜăâîşţĂÂÎŞŢđĐ"
_TURKISH = "çğıöşüÇĞİÖŞÜâîû"
# Accents of different languages at the same byte are told apart by the words around them.
_WRITTEN_IN = {
    "cp1252": frozenset("af ca da de en es eu fi fr ga gl is it nb nl nn no pt sv".split()),
    "cp1250": frozenset("bs cs hr hu pl ro sk sl sq".split()), "cp1254": frozenset(("az", "tr")),
}
_MARKS = frozenset("“”„‘’‚«»–—…€°§·£•›‹№")
_WIDE_MARKS = frozenset("，。、；：？！“”‘’（）《》「」『』—…·【】・ー　〈〉％")


def likeliest(data: bytes) -> str | None:
    """The encoding that `data` is in, told by its beginning; None if it is none that is known, or two fit alike."""
    readings: list[tuple[float, str, str]] = []
    sample = data[:_SAMPLE]
    for one in _ENCODINGS:
        try:
            text = codecs.getincrementaldecoder(one.encoding)().decode(sample, final=len(data) <= _SAMPLE)
        except UnicodeError:
            continue
        readings.append((one.fit(text), one.encoding, text))
    if not readings:
        return None
    fit, encoding, text = max(readings, key=lambda reading: reading[0])
    if fit < _WORST * len(sample):
        return None
    near = {encoding: text} | {other: its for by, other, its in readings if by >= fit - MARGIN and its != text}
    if len(near) > 1 and near.keys() <= _WRITTEN_IN.keys():
        near = {e: its for e, its in near.items() if detect(its) in _WRITTEN_IN[e]}
    return next(iter(near)) if len(near) == 1 else None


@dataclass(frozen=True)
class _Encoding:
    """`chance` is that of a character that is not in ASCII, given the one before; `prior` makes rarer encodings less likely."""

    encoding: str
    chance: Callable[[str, str], float]
    prior: float = 0.0

    def fit(self, text: str) -> float:
        """The logarithm of the chance of the text."""
        total, before, last = self.prior, " ", ""
        for c in text:
            total += _ascii(c, before) if c < "\x80" else self.chance(c, before)
            if _is_letter(c):
                if last and (c < "\x80") != (last < "\x80") and (other := max(c, last)) > "\u024f":
                    inside = _is_letter(before)  # two scripts in one text, or even in one word
                    total -= (3.5 if inside else 1.0) if other > "\u2e80" else (7.0 if inside else 4.0)
                last = c
            before = c
        return total


def _is_letter(c: str) -> bool:
    return c.isalpha() or (c > "\u024f" and (c.isdigit() or unicodedata.category(c)[0] == "M"))


def _ascii(c: str, before: str) -> float:
    if c.islower():
        return -3.0
    if c == " ":
        return -2.0
    if c.isupper():
        return -8.0 if before.islower() else -5.0
    if c.isdigit():
        return -4.0
    return -5.0 if c.isprintable() or c in "\n\r\t" else -25.0


def _mark(c: str, before: str) -> float:
    return -6.5 - 6.0 * (c in "«‚„‹€§°·£•№" and before.isalpha())  # none of these stands right behind a letter


def _latin(letters: str) -> Callable[[str, str], float]:
    known = frozenset(letters)

    def chance(c: str, before: str) -> float:
        if c in _MARKS:
            return _mark(c, before)
        if c not in known:
            return -9.0 if c == "\u00a0" else -14.0
        twice = before.isalpha() and before >= "\x80"
        return -6.0 - 3.5 * twice - 5.0 * (c.isupper() and before.islower())

    return chance


def _alphabet(first: str, last: str, frequent: str, rare: str) -> Callable[[str, str], float]:
    """The letters of an alphabet of its own, in small letters; `frequent` are more than half of all."""

    def chance(c: str, before: str) -> float:
        if not first <= c <= last:
            return _mark(c, before) if c in _MARKS or c in "،؟؛\u200c№" else -13.0
        small = c.lower()
        usual = -3.1 if small in frequent else -7.5 if small in rare else -4.6
        return usual - 2.5 * c.isupper() - 5.0 * (c.isupper() and before.islower())

    return chance


@lru_cache(maxsize=65536)
def _level(c: str, encoding: str, last: int) -> float:
    """A character's chance by its place in a national standard: those before the lead byte `last` are the usual ones."""
    try:
        return -8.8 if c.encode(encoding)[0] <= last else -12.5
    except UnicodeEncodeError:
        return -17.0


def _han(frequent: frozenset[str], encoding: str, last: int) -> Callable[[str, str], float]:
    def chance(c: str, before: str) -> float:
        if c in frequent:
            return -6.0
        if c in _WIDE_MARKS:
            return -5.0
        if "\u3400" <= c <= "\u9fff":
            return _level(c, encoding, last)
        return -9.0 if "\uff00" <= c <= "\uff5e" else -15.0 if unicodedata.category(c)[0] in "LNPS" else -25.0

    return chance


def _japanese(c: str, before: str) -> float:
    if "\u3041" <= c <= "\u3093":
        return -4.6
    if "\u30a1" <= c <= "\u30f6":
        return -6.3
    if c in _WIDE_MARKS:
        return -5.0
    if "\u4e00" <= c <= "\u9fff":
        return _level(c, "shift_jis", 0x98)
    if "\uff61" <= c <= "\uff9f":
        return -9.0  # half-width kana: a byte each, and written by terminals
    return -9.0 if "\uff00" <= c <= "\uff5e" else -15.0 if unicodedata.category(c)[0] in "LNPS" else -25.0


def _korean(c: str, before: str) -> float:
    if c in _HANGUL:
        return -5.2
    if "\uac00" <= c <= "\ud7a3":
        return _level(c, "euc_kr", 0xFE)
    if c in _WIDE_MARKS:
        return -6.5
    return -14.0 if "\u4e00" <= c <= "\u9fff" else -15.0 if unicodedata.category(c)[0] in "LNPS" else -25.0


_SIMPLE, _TRADITION = _han(_SIMPLIFIED, "gb2312", 0xD7), _han(_TRADITIONAL, "big5", 0xC6)
_CYRILLIC = _alphabet("\u0400", "\u045f", "оеаинтсрвл", "фщъёђѓєѕїјљњћќѝўџ")
_ARABIC = _alphabet("\u0621", "\u06d2", "اليمونرتبه", "ءآؤئـًٌٍَُِّْظضغذثٹڈڑں")
_HEBREW = _alphabet("\u05d0", "\u05ea", "יוהלארתבמש", "ףץטז")
_GREEK = _alphabet("\u0384", "\u03ce", "αοιετσνηυρ", "΄΅ϊϋΐΰψξζ")
_THAI = _alphabet("\u0e01", "\u0e5b", "านรอกเงมยลวดทส่", "ฃฅฆฌฎฏฐฑฒฤฦฬฮฯฺ๏๎ํๅ๚๛๐๑๒๓๔๕๖๗๘๙")
_LATIN = _latin(_WEST + _CENTRAL + _TURKISH)


def _any(c: str, before: str) -> float:
    """What a character may be where an encoding holds all scripts."""
    return max(model(c, before) for model in (_SIMPLE, _TRADITION, _japanese, _korean, _CYRILLIC, _ARABIC, _HEBREW, _GREEK, _THAI, _LATIN))


_ENCODINGS = (
    _Encoding("gb18030", lambda c, before: max(_SIMPLE(c, before), _TRADITION(c, before) - 0.3)),
    _Encoding("big5hkscs", _TRADITION), _Encoding("utf_16_le", _any, -3.0), _Encoding("utf_16_be", _any, -3.0),
    _Encoding("cp1252", _latin(_WEST)), _Encoding("cp1250", _latin(_CENTRAL), -3.0), _Encoding("cp1254", _latin(_TURKISH), -3.0),
    _Encoding("mac_roman", _latin(_WEST), -4.0), _Encoding("cp850", _latin(_WEST), -4.0),
    _Encoding("cp932", _japanese), _Encoding("euc_jp", _japanese, -2.0), _Encoding("cp949", _korean),
    _Encoding("cp1251", _CYRILLIC), _Encoding("koi8_r", _CYRILLIC, -2.0), _Encoding("cp1256", _ARABIC), _Encoding("cp1255", _HEBREW, -2.0),
    _Encoding("cp1253", _GREEK, -2.0), _Encoding("cp874", _THAI, -2.0),
)
