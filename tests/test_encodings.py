"""Old encodings: a text comes back as it was, or the file is refused; it is never read as something else."""

from __future__ import annotations

import random

import pytest
from worldwide import ARTICLES

from index.articles import read_articles
from index.errors import ArticleUnreadable
from index.formats import text

GERMAN = "Die Brücke am Hafen wurde im Jahr 1987 eröffnet. Über sie fahren täglich 2.400 Wagen. Für Fußgänger gibt es „am Wasser“ einen Weg – er kostet 3 €."
MAINLAND = "天文台位于城市北部，每天上午九点开放。去年有三万人参观。馆长表示，今年将增加夜间观测活动，并免费向学生开放。"
TAIWAN = "天文臺位於城市北部，每天上午九點開放。去年有三萬人參觀。館長表示，今年將增加夜間觀測活動，並免費向學生開放。"
HONGKONG = "港島嘅天文臺喺城市北部，每日上晝九點開放。舊年有三萬人嚟參觀。館長話，今年仲會免費畀學生入場，佢哋唔使再等咗。"
UTF16 = ("utf-16", "utf-16-le", "utf-16-be")
TEXTS = {
    GERMAN: ("cp1252", *UTF16), GERMAN.replace("„", "").replace("“", "").replace(" – ", " ").replace("€", "Euro"): ("latin-1", "cp850"),
    MAINLAND: ("gb18030", "gbk", "gb2312", *UTF16), TAIWAN: ("big5", "big5hkscs", "gb18030", *UTF16), HONGKONG: ("big5hkscs", "gb18030", *UTF16),
    ARTICLES["ja"]: ("shift_jis", "cp932", "euc_jp", *UTF16), ARTICLES["ko"]: ("euc_kr", "cp949", *UTF16),
    ARTICLES["ru"]: ("cp1251", "koi8_r", *UTF16), ARTICLES["fr"]: ("latin-1", "cp1252", *UTF16), ARTICLES["es"]: ("latin-1", *UTF16),
    ARTICLES["ar"].replace("ـ", ""): ("cp1256", *UTF16), ARTICLES["he"]: ("cp1255", *UTF16), ARTICLES["th"]: ("cp874", *UTF16),
    "Most nad portem otwarto w 1987 roku. Codziennie jeździ nim wiele samochodów.": ("cp1250", *UTF16),
    "A kikötő hídját 1987-ben nyitották meg, és minden nap sok autó halad át rajta.": ("cp1250",),
    "Liman köprüsü 1987 yılında açıldı ve her gün üzerinden araçlar geçiyor.": ("cp1254",),
    "Η γέφυρα του λιμανιού άνοιξε το 1987 και κάθε μέρα περνούν πολλά αυτοκίνητα.": ("cp1253", *UTF16),
}
CASES = [(words, encoding) for words, encodings in TEXTS.items() for encoding in encodings]


def read(data: bytes) -> str | None:
    """The text, or None where it is refused."""
    try:
        return text.decode("a.txt", data).lstrip("\ufeff")
    except ArticleUnreadable as error:
        assert str(error) == "a.txt: is in no encoding that can be told; save it as UTF-8 text" or "is binary" in str(error)
        return None


@pytest.mark.parametrize(("words", "encoding"), CASES, ids=[f"{e}-{w[:12]}" for w, e in CASES])
def test_a_text_comes_back_whole_and_its_sentences_too(words, encoding):
    """Whole, a hundredfold, and by sentences of ten letters and more; of those few may be refused and none be wrong."""
    assert read(words.encode(encoding)) == words
    assert read((words * 100).encode(encoding)) == words * 100
    stops = "。" if "。" in words else ". "
    pieces = [p + stops.strip() for p in words.split(stops) if len(p) >= 10]
    found = [read(p.encode(encoding)) for p in pieces]
    assert all(f in (p, None) for p, f in zip(pieces, found, strict=True)), found


@pytest.mark.parametrize("words", ["Größe", "Über", "Café", "señor", "Müller & Söhne", "Die Brück€ kostet 3 €.", "© 2024 Müller GmbH – alle Rechte"])
def test_a_few_western_words_are_read(words):
    assert read(words.encode("cp1252")) == words


@pytest.mark.parametrize(("words", "encodings"), [("去年有三万人参观。", ("gb18030", "utf-16-le", "utf-16-be")), ("天文臺位於城市北部", ("big5", "gb18030"))])
def test_a_few_chinese_words_are_read(words, encodings):
    assert [read(words.encode(e)) for e in encodings] == [words] * len(encodings)


def test_words_too_few_to_tell_are_refused_and_not_guessed():
    for words, encoding in (("날마다", "euc_kr"), ("Цена", "koi8_r"), ("毎日80", "shift_jis"), ("Каждый", "cp1251")):
        assert read(words.encode(encoding)) in (words, None)
    assert read("Цена".encode("koi8_r")) is None
    assert read(random.Random(5).randbytes(4000).replace(b"\0", b"")) is None


def test_pieces_of_the_seeds_in_old_encodings_are_right_or_refused(seeds):
    """Of 8 to 2,000 letters from anywhere, cut in the middle of words; one may be wrong: pinyin in Big5, of 13 bytes."""
    rng, right, refused, wrong = random.Random(3), 0, 0, []
    encodings = {"000": ("cp1252", "utf-16-le"), "001": ("cp1252", "utf-16-be"), "002": ("cp1252",), "003": ("gb18030", "utf-16-le"), "004": ("big5hkscs", "gb18030")}
    for path in sorted(seeds.glob("*.txt")):
        for encoding in encodings[path.name[:3]]:
            whole = path.read_text(encoding="utf-8").encode(encoding, "ignore").decode(encoding)
            for size in (8, 15, 30, 60, 120, 400, 2000):
                for _ in range(15):
                    at = rng.randrange(len(whole) - 8)
                    piece = whole[at : at + size]
                    if piece.isascii() or not piece.strip():
                        continue
                    found = read(piece.encode(encoding))
                    right += found == piece
                    refused += found is None
                    wrong += [(encoding, piece, found)] if found not in (piece, None) else []
    total = right + refused + len(wrong)
    print(f"{total} pieces: {right} right, {refused} refused, {len(wrong)} wrong")
    assert len(wrong) <= 1 and right >= 0.95 * total, wrong


def test_a_folder_of_old_files_is_read_with_its_languages(tmp_path):
    files = {"de": (GERMAN, "cp1252"), "zh-Hans": (MAINLAND, "gb18030"), "zh-Hant": (TAIWAN, "big5"), "hk": (HONGKONG, "big5hkscs"), "ja": (ARTICLES["ja"], "shift_jis")}
    for name, (words, encoding) in files.items():
        (tmp_path / f"{name}.txt").write_bytes(words.encode(encoding))
    articles, problems = read_articles(tmp_path)
    assert not problems and {a.id: a.text for a in articles} == {name: words for name, (words, _) in files.items()}
    assert {a.id: a.lang for a in articles} == {name: name.replace("hk", "zh-Hant") for name in files}
