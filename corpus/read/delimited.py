"""Tables of cards: CSV, TSV, Quizlet's and Brainscape's exports, and Anki's "Notes in plain text".

A first row is a header only if it names a question and an answer column. Fields are plain text unless Anki's
`#html:true` says otherwise; nothing that looks like a formula is computed.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from corpus.card import Finding
from corpus.read import columns
from corpus.read.columns import Role
from corpus.read.markup import to_text
from corpus.read.source import MAX_CARDS, MAX_LETTERS, Reading, Source, few_enough
from corpus.read.template import after_rule

_SEPARATORS = {
    "tab": "\t",
    "comma": ",",
    "semicolon": ";",
    "pipe": "|",
    "colon": ":",
    "space": " ",
}
_GUESSES = ("\t", ",", ";", "|")
_DIRECTIVE = re.compile(
    r"#(separator|html|columns|notetype|deck|tags|guid|notetype column|deck column|tags column|guid column):"
)
_EXCEL = re.compile(r"\"?sep=(.)\"?$", re.IGNORECASE)
_LOOKED_AT = 400
_LONGEST_RECORD = 500  # lines; a quote that is open for longer was never meant to open a field
_WIDEST = 500  # fields; what follows belongs to the last one
csv.field_size_limit(4 * MAX_LETTERS)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Record:
    line: int
    fields: list[str]
    mended: bool = False


def looks_delimited(source: Source, *, named: bool) -> bool:
    """Whether the text is a table; `named` if the file's name says so, which lets commas count as well as tabs."""
    head = source.text.lstrip("\n")[:200_000].split("\n")
    if _DIRECTIVE.match(head[0]) or _EXCEL.match(head[0]):
        return True
    rows = [row for row in head[:_LOOKED_AT] if row.strip()]
    if not rows:
        return False
    if any(columns.is_header(rows[0].replace('"', "").split(mark)) for mark in _GUESSES):
        return True
    if named:
        return any(mark in row for mark in _GUESSES for row in rows)
    return sum("\t" in row.strip("\t") for row in rows) >= 0.8 * len(rows)


def read(source: Source) -> Reading:
    """The cards of a table, one a row."""
    lines = source.text.split("\n")
    directives, skip = _directives(lines)
    told = _EXCEL.match(lines[0].strip())
    skip = 1 if told else skip
    body = "\n".join(lines[skip:])
    separator = told[1] if told else directives.get("separator", "")
    mark = _SEPARATORS.get(separator.lower(), separator)
    mark = mark if len(mark) == 1 else _delimiter(body)
    if '"' not in body:  # each line is a row, so they can be counted before any is parted
        few_enough(source.path, [line for line in lines[skip:] if line.strip(f" \t{mark}")])
    records = list(islice(_records(body, mark, skip), MAX_CARDS + 2))
    few_enough(source.path, records)
    if directives:
        return _read_anki(records, directives)
    return _read_table(source, records, mark)


def _directives(lines: Sequence[str]) -> tuple[dict[str, str], int]:
    """Anki's `#key:value` lines at the top, and how many lines they take."""
    found: dict[str, str] = {}
    for at, line in enumerate(lines):
        if _DIRECTIVE.match(line):
            key, _, value = line[1:].partition(":")
            found[key] = value.strip(" ") if key != "separator" else value.strip() or value
        else:
            return found, at
    return found, len(lines)


def _delimiter(body: str) -> str:
    """The mark that cuts most rows into the same number of fields, and at least two."""
    first = next((line for line in body.split("\n", 50) if line.strip()), "")
    best, most = ",", -1.0
    head = body[:300_000]
    for mark in _GUESSES:
        counts: Counter[int] = Counter()
        for record in islice(_records(head, mark, 0, _LOOKED_AT), _LOOKED_AT):
            counts[len(record.fields)] += 1
        fields, rows = max(((n, c) for n, c in counts.items() if n > 1), key=lambda pair: pair[1], default=(1, 0))
        named = mark in first and columns.is_header(next(csv.reader([first], delimiter=mark)))
        score = rows / max(counts.total(), 1) + named - 0.001 * fields
        if rows and score > most:
            best, most = mark, score
    return best


def _records(body: str, mark: str, skipped: int, most: int = MAX_CARDS + 2) -> Iterator[_Record]:
    """The rows with the lines they begin on. Where quotes do not match, each line is a row and quotes are text."""
    quoted = '"' in body  # no field holds a line break otherwise
    try:
        found = list(islice(_strict(body, mark, skipped), most))
        if found and (not quoted or max(map(_tall, found)) < _LONGEST_RECORD):
            yield from found
            return
    except csv.Error:
        pass
    yield from _lenient(body, mark, skipped)


def _tall(record: _Record) -> int:
    return sum(field.count("\n") for field in record.fields)


def _strict(body: str, mark: str, skipped: int) -> Iterator[_Record]:
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=mark, strict=True)
    line = skipped + 1
    for row in reader:
        if any(map(str.strip, row)):
            yield _Record(line=line, fields=_narrow(row, mark))
        line = skipped + reader.line_num + 1


def _lenient(body: str, mark: str, skipped: int) -> Iterator[_Record]:
    lines = body.split("\n")
    at = 0
    while at < len(lines):
        taken, row, mended = _one(lines, at, mark)
        if any(field.strip() for field in row):
            yield _Record(line=skipped + at + 1, fields=_narrow(row, mark), mended=mended)
        at += taken


def _narrow(row: list[str], mark: str) -> list[str]:
    return row if len(row) <= _WIDEST else [*row[: _WIDEST - 1], mark.join(row[_WIDEST - 1 :])]


def _one(lines: Sequence[str], at: int, mark: str) -> tuple[int, list[str], bool]:
    """How many lines the row at `at` takes, its fields, and whether its quotes had to be read as text."""
    if '"' not in lines[at]:
        return 1, lines[at].split(mark), False
    text = lines[at]
    for taken in range(1, min(_LONGEST_RECORD, len(lines) - at) + 1):
        try:
            return taken, next(csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)), False
        except csv.Error as error:
            if "unexpected end of data" not in str(error) or len(text) > 1_000_000 or at + taken >= len(lines):
                break
        text = f"{text}\n{lines[at + taken]}"
    return 1, [_unquoted(field) for field in _outside_quotes(lines[at], mark)], True


def _outside_quotes(line: str, mark: str) -> list[str]:
    """Fields of a line with stray quotes: a whole field in quotes may hold the mark, any other quote is text."""
    return re.findall(
        rf'(?:^|(?<={re.escape(mark)}))("(?:[^"]|"")*"(?={re.escape(mark)}|$)|[^{re.escape(mark)}]*)', line
    )


def _unquoted(field: str) -> str:
    if len(field) > 1 and field.startswith('"') and field.endswith('"'):
        return field[1:-1].replace('""', '"')
    return field


def _read_table(source: Source, records: list[_Record], mark: str) -> Reading:
    headed = bool(records) and columns.is_header(records[0].fields)
    if headed:
        names, records = records[0].fields, records[1:]
    else:
        [(usual, _)] = Counter(len(record.fields) for record in records).most_common(1) or [(2, 0)]
        names = ["question", "answer", *[""] * (usual - 2)]
    found = columns.roles(names)
    findings, pairs, own = [], [], names == columns.WRITTEN
    for index, record in enumerate(records, 1):
        values = record.fields
        if own:
            values = [columns.FORMULA.sub(lambda start: start[0][1:], cell) for cell in values]
        ragged = len(values) > len(found) and len(found) > 1
        if ragged:
            last = len(found) - 1
            values = [*values[:last], mark.join(values[last:])]
        if ragged or record.mended:
            findings.append(_ragged(source, record, len(found), index, mark, headed))
        row = columns.fields(names, found, values)
        pairs.append(columns.pair(row, index, record.line, uncertain=ragged or record.mended))
    return Reading(format="table, tabs" if mark == "\t" else "table", pairs=pairs, findings=tuple(findings))


def _ragged(source: Source, record: _Record, expected: int, index: int, mark: str, headed: bool) -> Finding:
    name = {"\t": "a tab", ",": "a comma", ";": "a semicolon"}.get(mark, f"{mark!r}")
    if record.mended:
        text = f"{source.path.name} line {record.line}: a quotation mark is not closed. Close it, or write it twice."
    else:
        whose = "the header has" if headed else "most rows have"
        text = (
            f"{source.path.name} line {record.line} has {len(record.fields)} fields, {whose} {expected}. "
            f"Quote the field that contains {name}."
        )
    return Finding(kind="uncertain", message=text, path=str(source.path), line=record.line, index=index)


def _read_anki(records: list[_Record], directives: dict[str, str]) -> Reading:
    """Anki's own text export: the directives say which columns are not fields of the note."""
    special: dict[int, Role] = {}
    for key, one in (("tags", "tags"), ("deck", "deck"), ("guid", "guid"), ("notetype", "ignored")):
        number = directives.get(f"{key} column", "")
        if number.isdecimal():
            special[int(number) - 1] = one  # type: ignore[assignment]
    width = max((len(record.fields) for record in records), default=0)
    free = [at for at in range(width) if at not in special]
    pairs = []
    html = directives.get("html", "").lower() == "true"
    for index, record in enumerate(records, 1):
        values = record.fields
        texts = [to_text(after_rule(values[at])) if html else values[at].strip() for at in free if at < len(values)]
        row = {one: values[at] for at, one in special.items() if at < len(values)}
        row["question"] = texts[0] if texts else ""
        row["answer"] = _without_question("\n".join(filter(None, texts[1:])), row["question"])
        row.setdefault("tags", directives.get("tags", ""))
        pairs.append(columns.pair(row, index, record.line, uncertain=record.mended))
    return Reading(format="Anki text", name=directives.get("deck", ""), pairs=pairs)


def _without_question(answer: str, question: str) -> str:
    """Anki's export of cards (not of notes) says the question again before the answer."""
    rest = answer.removeprefix(question).strip() if question and answer.startswith(f"{question}\n") else ""
    return rest or answer
