"""What a column or key of a deck file holds, told by its name in several languages.

Looks at names only, never at values; makes the card of a row whose roles are known.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Literal

from corpus.card import own_id
from corpus.read.source import Pair

Role = Literal["question", "answer", "tags", "deck", "guid", "id", "ignored", "remark", "extra"]

Row = Mapping[Role, str]

WRITTEN = ["question", "answer", "tags", "deck", "guid", "id"]
"""The first row of a table that `corpus.write` made."""
FORMULA = re.compile(r"^'*(?=[=+\-@\t\r])")
"""How a cell begins that a spreadsheet would run; written, it has one apostrophe more, and reading takes it off."""

_NAMES: dict[Role, str] = {
    "question": (
        "question questions frage fragen pregunta pergunta domanda vraag spørgsmål fråga "
        "kysymys pytanie otázka вопрос питання 問題 质问 问题 질문 soru سؤال front vorderseite recto "
        "anverso frente fronte voorkant forside framsida przód лицо 表 表面 正面 앞면 term terme "
        "término termo termine begriff begrep begreb termin термин 用語 术语 용어 word wort mot "
        "palabra palavra parola woord ord слово 単語 单词 단어 expression ausdruck expresión prompt "
        "stichwort vocab vocabulary vokabel q"
    ),
    "answer": (
        "answer answers antwort antworten respuesta resposta risposta antwoord svar réponse "
        "reponse vastaus odpowiedź odpověď ответ відповідь 答え 解答 回答 答案 답 답변 cevap جواب back "
        "rückseite verso reverso retro achterkant bagside baksida tył оборот 裏 裏面 背面 뒷면 "
        "definition definición definição definizione définition definitie definicja определение "
        "定義 定义 정의 meaning bedeutung significado significato betekenis значение 意味 意思 뜻 "
        "translation übersetzung traducción tradução traduzione traduction vertaling перевод 翻訳 "
        "翻译 번역 solution lösung response explanation description a"
    ),
    "tags": (
        "tags tag schlagwörter schlagworte etiquetas étiquettes etichette labels label теги "
        "метки タグ 标签 태그 keywords"
    ),
    "deck": "deck stapel mazo baralho mazzo paquet колода デッキ 牌组 덱 set kartensatz",
    "guid": "guid",
    "id": "id uuid",
    "remark": (
        "remark remarks note notes notiz notizen nota notas remarque remarques bemerkung bemerkungen extra back_extra "
        "comment comments kommentar source sources quelle quellen fuente fuentes reference references mnemonic "
        "etymology hint hints tip tips hinweis pista indice link links url "
        "see_also example examples example_sentence example_sentences beispiel beispiele"
    ),
    "ignored": (
        "index nr no number nummer # line path file created modified updated due "
        "interval ease lapses reviews notetype note_type card_type type state status key_points "
        "keypoints findings uncertain format version __type__"
    ),
}
_COUNT = re.compile(r"\d{1,6}")
_ROLES: dict[str, Role] = {name: role for role, names in _NAMES.items() for name in names.split()}


def role(name: str) -> Role:
    """What a column called `name` holds; "extra" if the name is not known."""
    plain = unicodedata.normalize("NFC", name).strip().strip("\"'*:?").casefold()
    plain = re.sub(r"[\s-]+", "_", plain)
    return _ROLES.get(plain, _ROLES.get(plain.removeprefix("card_").removesuffix("_text"), "extra"))


def roles(names: Sequence[str]) -> list[Role]:
    """The roles of a header's columns; of two columns with one role (but tags) the later ones are extra."""
    found: list[Role] = []
    for name in names:
        one = role(name)
        found.append("extra" if one in ("question", "answer", "deck", "guid", "id") and one in found else one)
    return found


def is_header(row: Sequence[str]) -> bool:
    """Whether a first row names columns: one holds questions and one answers; anything less is taken for a card."""
    found = [role(name) for name in row]
    return "question" in found and "answer" in found


def fields(names: Sequence[str], found: Sequence[Role], values: Sequence[str]) -> Mapping[Role, str]:
    """One row by role; what stands in columns of unknown name follows the answer as `name: value`, remarks last."""
    by_role: dict[Role, str] = {}
    more: dict[Role, list[str]] = {"extra": [], "remark": []}
    for name, one, value in zip(names, found, values, strict=False):
        if one in more and value.strip():
            more[one].append(f"{name.strip()}: {value.strip()}" if name.strip() else value.strip())
        elif one not in ("extra", "remark", "ignored"):
            by_role[one] = f"{by_role[one]} {value}" if by_role.get(one) else value
    if more["extra"]:
        by_role["answer"] = "\n".join(filter(str.strip, [by_role.get("answer", ""), *more["extra"]]))
    return _remarked(by_role, "\n".join(more["remark"]))


def _remarked(row: dict[Role, str], remark: str) -> Row:
    """The row with a remark at the end of its answer; without an answer the remark is one."""
    answer = row.get("answer", "").strip()
    if not remark or not answer:
        return {**row, "answer": remark} if remark else row
    told = remark.partition(": ")[2]
    if answer.endswith(told):  # as in a deck that this tutor wrote
        return {**row, "remark": told}
    return {**row, "answer": f"{answer}\n{remark}", "remark": remark}


def pair(row: Row, index: int, line: int, *, uncertain: bool) -> Pair:
    """The card of a row. Its key is its id, else Anki's guid; a short number only counts rows, which move."""
    id, guid = row.get("id", "").strip(), row.get("guid", "").strip()
    return Pair(
        question=row.get("question", "").strip(),
        answer=row.get("answer", "").strip(),
        index=index,
        line=line,
        tags=tags(row.get("tags", "")),
        deck=row.get("deck", "").strip(),
        guid=guid,
        key=id if id and not _COUNT.fullmatch(id) else key_of(guid),
        remark=row.get("remark", ""),
        uncertain=uncertain,
    )


def key_of(guid: str, place: int = 0) -> str:
    """What Anki calls a card: its note's guid and its place among the note's cards; a guid that we gave is the id."""
    return guid if not guid or (own_id(guid) and not place) else f"{guid}/{place}"


def tags(text: str) -> tuple[str, ...]:
    """Tags parted by commas or semicolons, or where there are none by spaces as Anki does."""
    parts = re.split(r"[,;]", text) if re.search(r"[,;]", text) else text.split()
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
