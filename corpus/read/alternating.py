"""Which lines are questions, in a text where nothing marks them: a score for each line, then the best sequence.

Does not cut cards or read files. Where the second-best sequence comes near, the line is named for a person to look at.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_UNANSWERED = 5.0  # what two question lines in a row cost: the first would have no answer
_UNFINISHED = 3.0  # what a question as the last line costs
_NEVER = 1e9
_LONGEST = 2000  # letters; a longer line is no question, whatever is in it
_UNSURE = 0.25  # with more terms than this longer than their definitions, taking lines in turns is a guess
_NEAR = 2.0
"""A line whose other reading costs less than this is reported as a guess."""

_INTERROGATIVE = r"what|why|how|when|where|who|whom|whose|which"
_QUESTION_WORD = re.compile(
    r"(?:(?:in|on|at|by|for|from|to|of|with|under|about|into|during|between|among|within|through) )?"
    rf"(?:{_INTERROGATIVE})"
    r"(?:['’]s|['’]re)?\b",
    re.IGNORECASE,
)
_AUXILIARY = re.compile(
    r"(?:is|are|was|were|do|does|did|can|could|should|would|will|has|have|had|may|must|might)(?:n['’]t)?\b",
    re.IGNORECASE,
)
_INSTRUCTION = re.compile(
    r"(?:please )?(?:name|list|describe|explain|define|give|state|contrast|summari[sz]e|discuss|identify|"
    r"outline|"
    r"illustrate|distinguish|differentiate|translate|write down|mention|recite|enumerate|justify|sketch|fill in|"
    r"true or false|t/f)\b",
    re.IGNORECASE,
)
# These open a step of a procedure as often as they open a question.
_STEP = re.compile(
    r"(?:calculate|compare|compute|derive|prove|write|tell|recall|evaluate|interpret|draw|label|solve|complete|find|show)\b",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"(?:\w+ )?(?:techniques?|methods?|ways?|types?|kinds?|forms?|advantages?|disadvantages?|benefits?|drawbacks?|pros|"
    r"cons|limitations?|steps?|stages?|phases?|reasons?|causes?|effects?|consequences?|examples?|properties|features?|"
    r"characteristics|functions?|roles?|purposes?|differences?|similarities|components?|parts?|elements?|factors?|"
    r"symptoms?|signs?|treatments?|principles?|rules?|definitions?|formulas?|meaning|uses|applications?|requirements?|"
    r"remed(?:y|ies)|therapies|indications?|complications?|duties|rights|events|results|laws?|branches|arguments?|"
    r"order|sequence|structure|history|origins?|theor(?:y|ies)|models?|"
    r"criteria|levels?|layers?|goals?|aims?|tasks?|measures?|significance|importance|impact|"
    r"objections?|criticisms?|evidence) "
    r"(?:\w+ ){0,2}?(?:to|of|for|between|in|against|from|that|by)\b",
    re.IGNORECASE,
)
_VERSUS = re.compile(r"[\w'’ -]{2,40} (?:vs\.?|versus) [\w'’ -]{2,40}$", re.IGNORECASE)
_SENTENCE = re.compile(r"[^\W_a-z].*\s.*[.!]$")
_LIST_MARK = re.compile(r"\s*(?:[-–—+*•·‣◦→⇒&=~]|\(?[+-]\)|=>|->|\(?\d{1,2}[.)](?=\s|[A-Za-z])|\(?[a-zA-Z][.)]\s)")
_CONTINUATION = re.compile(
    r"(?:e\.?g|i\.?e|etc|and|or|but|so|because|since|which|that|then|thus|therefore|hence|also|however|furthermore|"
    r"moreover|specifically|for example|for instance|note|here|this|these|those|it|they|he|she|its|their|instead|"
    r"otherwise|additionally|finally|yes|no|true|false)\b",
    re.IGNORECASE,
)
_ARROW = re.compile(r"[–-]>|=>|→|⇒")
_ASKED = re.compile(r"[?？](?!\w)")
_PLAIN_ASKING = re.compile(r"(?:what|why|how)\b", re.IGNORECASE)
_DASHES = ("-", "–", "•", "*", "+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line that is not blank, at place `at` of the text from 0; `marked` if a dash sets it off as a question."""

    text: str
    at: int
    after_blank: bool = False
    marked: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Boundary:
    """The places of the question lines, and of the lines where the decision was near; `turns` if all is a guess."""

    questions: tuple[int, ...]
    near: tuple[int, ...]
    turns: bool = False


def is_title(lines: Sequence[str], first: int) -> bool:
    """Whether the first line names the deck: it does unless it asks something and an answer follows."""
    text = lines[first].strip()
    if re.search(r"flash ?cards?$", text, re.IGNORECASE):
        return True
    following = next((row.strip() for row in lines[first + 1 :] if row.strip()), "")
    return score(text) < 2 or score(following) >= 2


def score(text: str) -> float:
    """How much a line looks like a question by itself: above 0 rather yes, below 0 rather no (natural log odds)."""
    text = text.strip()
    if len(text) > _LONGEST:
        return -9.0
    words = len(text.split())
    asking = _asking(text, words)
    total = asking - 2.5
    total -= 7.0 * bool(_LIST_MARK.match(text))
    total -= 3.0 * text.endswith(":")
    total -= 8.0 * (words <= 1)
    total -= 1.5 * bool(_ARROW.search(text))
    if not asking:
        total -= 1.5 * bool(_CONTINUATION.match(text))
        total -= 1.0 * text.endswith((".", ",", ";"))
        total -= 1.5 * text[:1].islower()
    return total


def _asking(text: str, words: int) -> float:
    """The part of the score that comes from how the line asks."""
    mark = bool(_ASKED.search(text))
    ends = text.rstrip(")\"'”’ ").endswith(("?", "？"))
    if _QUESTION_WORD.match(text) and (mark or _PLAIN_ASKING.match(text)):
        return (8.5 if words > 2 else 4.0) if ends else 7.0 if mark else 3.0 + (words > 3)
    if ends:
        return 7.5 if _AUXILIARY.match(text) else 6.0
    if _INSTRUCTION.match(text):
        return 6.0
    if _STEP.match(text):
        return 3.5 - 1.5 * text[:1].islower()
    heading = _HEADING.match(text) and words <= 12 and not text.endswith((".", ",", ";"))
    if heading or _VERSUS.match(text):
        return 4.5
    return 2.0 if mark else 0.0


def find_questions(lines: Sequence[Line]) -> Boundary:
    """The question lines of a text; the first line is always one.

    Where the lines themselves say too little (terms and definitions, words and translations) they are taken in turns;
    else the best sequence of questions and answer lines is taken, with every line's runner-up.
    """
    if not lines:
        return Boundary(questions=(), near=())
    scores = [score(line.text) for line in lines]
    if _alternates(lines, scores):
        shorter = [len(one.text) < len(two.text) for one, two in zip(lines[::2], lines[1::2], strict=True)]
        near = [line.at for line, sure in zip(lines[::2], shorter, strict=True) if not sure]
        turns = len(near) > _UNSURE * len(shorter)
        return Boundary(questions=tuple(line.at for line in lines[::2]), near=() if turns else tuple(near), turns=turns)
    return _decode(lines, _in_context(lines, scores))


def _alternates(lines: Sequence[Line], scores: Sequence[float]) -> bool:
    """Whether the text is plainly one line a question and one line an answer, though few lines look like questions."""
    if len(lines) < 4 or len(lines) % 2 or lines[0].marked or _blocks(lines):
        return False
    asked = sum(one > 0 for one in scores[::2])
    if any(one > 0 for one in scores[1::2]) or asked > 0.8 * len(lines) / 2:
        return False
    if any(_LIST_MARK.match(line.text) or _CONTINUATION.match(line.text) for line in lines[::2]):
        return False
    if any(one.text.startswith(_DASHES) for one in lines[1::2]):
        return False
    shorter = sum(len(one.text) < len(two.text) for one, two in zip(lines[::2], lines[1::2], strict=True))
    return asked == 0 or shorter + asked >= (1 - _UNSURE) * len(lines) / 2


def _blocks(lines: Sequence[Line]) -> set[int]:
    """The lines that open a block of two or more lines set off by blank ones, if the whole text is made of such."""
    places = [0, *(at for at, line in enumerate(lines) if at and line.after_blank)]
    roomy = all(two - one > 1 for one, two in zip(places, [*places[1:], len(lines)], strict=True))
    return set(places) if roomy and len(places) > 1 else set()


def _in_context(lines: Sequence[Line], scores: Sequence[float]) -> list[float]:
    """The scores, with what blank lines and lists around a line say added."""
    blocks = _blocks(lines)
    total = list(scores)
    for at in range(1, len(lines)):
        if blocks:
            listed_here = bool(_LIST_MARK.match(lines[at].text))
            total[at] = max(scores[at], -9.0 if listed_here else -1.0) + 4.0 if at in blocks else scores[at] - 4.0
        elif _stands_alone(lines, at) and max(scores[at - 1], scores[at + 1]) <= 0:
            total[at] = max(scores[at], -2.5) + 3.5
        listed = [bool(_LIST_MARK.match(line.text)) for line in lines[at - 1 : at + 2]]
        if listed == [True, False, True] and not _ASKED.search(lines[at].text):
            total[at] += -3.0 if lines[at].text[:1].islower() else 1.0 * (scores[at] > 0)
    return total


def _stands_alone(lines: Sequence[Line], at: int) -> bool:
    """Whether a line is a bare term among sentences: the one before ends, and the one after tells in a longer one."""
    text, before = lines[at].text, lines[at - 1].text
    if at + 1 == len(lines) or len(text.split()) > 5 or not text[:1].isupper() or text[-1:] in ".,;:?!":
        return False
    after = lines[at + 1].text
    return bool(_SENTENCE.match(before) and _SENTENCE.match(after)) and len(after) > 1.5 * len(text)


def _decode(lines: Sequence[Line], scores: Sequence[float]) -> Boundary:
    """The best sequence (Viterbi) and, for each line, how near the best one comes that differs there."""
    count = len(lines)
    forward = [(scores[0], -_NEVER)]
    for one in scores[1:]:
        asked, answered = forward[-1]
        forward.append((max(asked - _UNANSWERED, answered) + one, max(asked, answered)))
    backward = [(-_UNFINISHED, 0.0)]
    for one in reversed(scores[1:]):
        asked, answered = backward[-1]
        backward.append((max(asked + one - _UNANSWERED, answered), max(asked + one, answered)))
    backward.reverse()
    margins = [forward[at][0] + backward[at][0] - forward[at][1] - backward[at][1] for at in range(count)]
    questions = tuple(line.at for line, margin in zip(lines, margins, strict=True) if margin > 0)
    near = tuple(line.at for line, margin in zip(lines, margins, strict=True) if abs(margin) < _NEAR)
    return Boundary(questions=questions, near=near)
