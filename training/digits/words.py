"""What is said in training: digit words, their neighbours, and speech that holds no digit.

Syllables that differ from a digit only by tone are in no list: they are neither right nor wrong.
"""

from __future__ import annotations

import re

import numpy as np

OTHER = 10
CLASSES = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "other")

DIGIT_WORDS: dict[str, int] = {
    "零": 0, "一": 1, "幺": 1, "二": 2, "两": 2, "三": 3, "四": 4,
    "五": 5, "六": 6, "七": 7, "八": 8, "九": 9,
}  # fmt: skip
SPOKEN_AS: dict[str, str] = {
    "零": "ling", "一": "yi", "幺": "yao", "二": "er", "两": "liang", "三": "san", "四": "si",
    "五": "wu", "六": "liu", "七": "qi", "八": "ba", "九": "jiu",
}  # fmt: skip

# How the words are also said in the south (and 二 everywhere): no retroflex, n for l, -n for -ŋ, no r in 二.
# Phonemes are Kokoro's, the tone is an arrow.
ACCENTS: dict[str, tuple[str, ...]] = {
    "零": ("li↗n", "ni↗ŋ", "lə↗ŋ"), "一": ("ji→", "i→"), "幺": ("jau→", "iau→"),
    "二": ("ɤ↘", "aɚ↘", "ə↘", "aɹ↘", "ɚ↘", "əɹ↘"), "两": ("nja↓ŋ", "lja↓n"), "三": ("ʂa→n", "sa→ŋ", "θa→n"),
    "四": ("ʂɨ↘", "si↘", "sɨ↘"), "五": ("wu↓", "u↓", "ŋu↓"), "六": ("njou↘", "lju↘", "lou↘"),
    "七": ("ʦʰi→", "ʨʰi→"), "八": ("ba→", "pa→"), "九": ("ʦjou↓", "ʨju↓", "ʨjou↓"),
}  # fmt: skip

# 嗯 in several mouths (the open 呃 is left out: it is an accent of 二), and the Cantonese digits that are
# no Mandarin digit in any tone or accent: 1 4 5 6 7 9. Phonemes as above.
HESITATIONS = ("n↗", "n→", "ən→", "ən↘", "ŋ→", "ŋ↗", "m→", "m↗")
CANTONESE = ("jɐt", "sei→", "ŋ↓", "lʊk", "ʦʰɐt", "kɐu↗")


def accent(rng: np.random.Generator, share: float = 0.35) -> tuple[tuple[str, str], ...]:
    """Draw a made-up speaker's way with some of the words: (word, phonemes)."""
    return tuple((w, str(rng.choice(ways))) for w, ways in ACCENTS.items() if rng.random() < share)


# Neighbours in sound, by the digit they are taken for.
NEIGHBOURS: dict[str, str] = {
    "零": "林您宁龙楞临能嫩", "一": "鱼叶音英月夜", "幺": "羊奥鸭有桥叫杨约", "二": "鹅啊安饿欧",
    "两": "娘蓝脸狼辆料连", "三": "山散伞酸仓伤餐沙搬", "四": "次十是字日词室色", "五": "我户木服不屋佛窝",
    "六": "牛楼绿料路柳扭", "七": "鸡西去期汽区吃需", "八": "怕发伯马大百茶打", "九": "脚有秋秀交桥油休",
}  # fmt: skip
_TONE_TWINS = {"散": "三", "伞": "三", "柳": "六", "屋": "五", "期": "七", "汽": "七", "辆": "两"}

PHRASES = (
    "你好", "请问", "身份证", "多少钱", "好的", "我知道了", "等等", "给我看看", "可以吗", "对对对", "谢谢",
    "不好", "手机号码", "怎么读", "再来", "没看清", "看不清楚", "咖啡", "热的", "冰的", "塑料袋", "刷卡",
    "老板", "走了", "早上好", "晚上好", "没关系", "麻烦快点", "我的", "他说的", "天气真好", "明天", "昨天",
    "加油", "公交车", "牛奶", "面包", "香烟", "苹果", "东西", "放在那边", "怎么办", "什么", "哪个", "嗯",
    "啊",
)  # fmt: skip
ENGLISH = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "hello",
    "okay",
)


_ACCENTED_SYLLABLES = ("shi", "shan", "lin", "ning", "niu", "niang", "lian", "lou")
ACCENTED = "林宁是十室山饿牛娘连楼"  # what `ACCENTS` makes of a digit, tone aside: right in some mouths


def is_clear(word: str) -> bool:
    """Tell whether a word that is no digit is none in any accent either."""
    return word not in ACCENTED and re.sub(r"\d", "", word) not in _ACCENTED_SYLLABLES


def neighbours() -> list[str]:
    """Return every neighbour that is not a digit in another tone."""
    return sorted({c for group in NEIGHBOURS.values() for c in group} - {*_TONE_TWINS, *ACCENTED})


def syllable_is_negative(name: str) -> bool:
    """Tell whether a pinyin file stem ("shan1") is no digit in any tone, and in no accent."""
    syllable = re.sub(r"\d", "", name)
    return syllable not in {*SPOKEN_AS.values(), *_ACCENTED_SYLLABLES}
