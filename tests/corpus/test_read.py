"""Bad input of every kind: a plain message with file and line, the good cards kept, nothing written, little spent."""

import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from typer.testing import CliRunner

from corpus.errors import DeckError
from corpus.read import read_deck, read_decks
from tests.corpus.read.packages import Kind, Maker, Notes, database, message, package
from tutor.cli import app

HEADER = b"question,answer\n"
OWL = b"What do owls eat?,mice\n"
KITE = b"What do kites eat?,voles\n"
MIB = 2**20


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.csv", b"", "the file is empty"),
        ("blank.txt", b" \n\t\r\n\0", "the file is empty"),
        ("title.txt", b"Biology Flashcards\n", "no card found"),
        ("header.csv", HEADER, "no card found"),
        ("random.txt", bytes(range(256)) * 20, "not text"),
        ("random.apkg", zlib.compress(b"x" * 5000) + os.urandom(0), "no card found|not text"),
        ("cut.apkg", b"PK\x03\x04 and no more", "cut off"),
        ("other.apkg", b"", "the file is empty"),
        ("deep.json", b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        ("deep2.json", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
        ("deep.yaml", b"[" * 100_000, "line 1 is nested too deeply"),
        ("bomb.yaml", b"a: &a [x, x]\nb: &b [*a, *a]\n", "line 1 has a YAML tag or alias"),
        (
            "late.yaml",
            b"- question: q\n  answer: a\n- question: !!python/object/apply:os.system [id]\n",
            "line 3 has a YAML",
        ),
        ("broken.yaml", b"- question: 'q\n", "not valid YAML at line"),
        ("broken.json", b'[{"question": "q",\n "answer" "a"}]', "line 2, column 11"),
        ("nothing.json", b'{"a": 1}', "holds no list of cards"),
    ],
)
def test_file_without_a_card_is_an_error_that_names_it(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(DeckError, match=said) as caught:
        read_deck(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "data", "cards", "line", "said"),
    [
        ("wide.csv", HEADER + OWL + b"a,b,c\n" + KITE, 3, 3, "has 3 fields, the header has 2"),
        ("short.csv", HEADER + OWL + b"alone\n" + KITE, 2, 3, "no answer"),
        ("quote.csv", HEADER + OWL + b'"What, is it?,an owl\n' + KITE, 3, 3, "quotation mark is not closed"),
        ("line.csv", HEADER + OWL + b"x," + b"y" * (5 * MIB) + b"\n" + KITE, 2, 3, "line 3 is 5 MB long"),
        ("long.csv", HEADER + OWL + b"x," + b"y " * 600_000 + b"\n" + KITE, 2, 3, "1,199,999 letters long"),
        ("cp1252.csv", HEADER + "Où?,là\n".encode("cp1252") + OWL, 2, 1, "read as Windows-1252"),
        ("nul.csv", HEADER + b"What\0 is it?,an\x07 owl\n" + OWL, 2, 2, "2 invisible control characters"),
        ("bidi.csv", HEADER + "Who\u202e?,an\u2066 owl\n".encode() + OWL, 2, 2, "2 invisible control characters"),
        ("escape.csv", HEADER + b"Who?,\x1b[31mred\x1b[0m\n" + OWL, 2, 2, "2 invisible control characters"),
        ("wide16.csv", (HEADER + OWL).decode().encode("utf-16-le"), 1, 1, "utf-16-le without a byte-order mark"),
        ("half.jsonl", b'{"front": "q", "back": "a"}\n{"front": \n{"front": "r", "back": "b"}\n', 2, 2, "line 2"),
        ("cut.txt", b"1\nQ\nWho?\nA\nan owl\n2\nQ\nWhat?\nA\na kite\n3", 2, 11, "breaks off"),
    ],
)  # fmt: skip
def test_fault_in_a_file_is_a_finding_with_its_line_and_the_good_cards_are_kept(
    tmp_path: Path, name: str, data: bytes, cards: int, line: int, said: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    deck = read_deck(path)
    assert len(deck) == cards
    (finding,) = [one for one in deck.findings if said in one.message]
    assert (finding.line, finding.path) == (line, str(path))
    assert all("\x1b" not in card.text and "\u202e" not in card.text and "\0" not in card.text for card in deck.cards)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_all_give_the_same_cards(tmp_path: Path, encoding: str, end: str) -> None:
    path = tmp_path / "deck.csv"
    mark = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    path.write_bytes(f"{mark}question,answer{end}Où?,là{end}Who?,an owl{end}".encode(encoding))
    assert [(card.question, card.answer) for card in read_deck(path).cards] == [("Où?", "là"), ("Who?", "an owl")]


def test_line_separator_of_unicode_is_text_in_a_field(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("question,answer\nq,one\u2028two\nr,b\n", encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"question": "q", "answer": "one\u2028two"}\n', encoding="utf-8")
    assert [len(read_deck(tmp_path / name)) for name in ("a.csv", "b.jsonl")] == [2, 1]
    assert read_deck(tmp_path / "a.csv").cards[0].answer == "one\u2028two"


def test_lone_surrogates_never_reach_a_card(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"question": "q\\ud800", "answer": "a", "tags": ["\\udfff"]}]')
    (tmp_path / "b.csv").write_bytes(HEADER + b"q\xed\xa0\x80,a\n" + OWL)
    for name in ("a.json", "b.csv"):
        json.dumps(
            [card.text + "".join(card.tags) for card in read_deck(tmp_path / name).cards], ensure_ascii=False
        ).encode()


def test_control_signs_that_json_or_a_package_spells_out_are_dropped_and_reported(tmp_path: Path, make: Maker) -> None:
    (tmp_path / "a.json").write_text(
        '[{"question": "q\\u001b[31m", "answer": "a\\u202e\\r\\nb", "tags": ["t\\u0007"]}]'
    )
    decks = [read_deck(tmp_path / "a.json"), read_deck(make(Notes(rows=[(["q\x1b[31m", "a\u202e<br>b"], [0])])))]
    for deck in decks:
        (card,) = deck.cards
        assert (card.question, card.answer) == ("q[31m", "a\nb")
        assert [one.message for one in deck.findings if one.kind == "encoding"] == [
            "Invisible control characters were left out of 1 card."
        ]
    assert decks[0].cards[0].tags == ("t",)


def test_name_of_a_deck_and_what_is_printed_about_it_drive_no_terminal(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[2J.json").write_text(
        '{"name": "\\u001b[31mRed\\u202e", "cards": [{"q": "\\u001b[5mx"}, {"q": "q", "a": "b"}]}'
    )
    (deck,) = read_decks([tmp_path / "a\x1b[2J.json"])
    assert deck.name == deck.cards[0].deck == "[31mRed"
    shown = CliRunner().invoke(app, ["decks", str(tmp_path)])
    assert shown.exit_code == 0
    assert "no_answer" in shown.stdout
    assert not {"\x1b", "\u202e"} & set(shown.output)


def test_formulas_scripts_and_styles_are_text_or_gone_and_never_run(tmp_path: Path, make: Maker) -> None:
    (tmp_path / "a.csv").write_text('question,answer\n"=HYPERLINK(""http://x"")",@SUM(A1)\n')
    (card,) = read_deck(tmp_path / "a.csv").cards
    assert (card.question, card.answer) == ('=HYPERLINK("http://x")', "@SUM(A1)")
    sides = ["<style>b{}</style>Who?", "<script>alert(1)</script>an <b onclick='x()'>owl</b>"]
    (card,) = read_deck(make(Notes(rows=[(sides, [0])]))).cards
    assert (card.question, card.answer) == ("Who?", "an owl")


def test_answer_of_200_kilobytes_and_rows_by_the_hundred_thousand_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"question,answer\nq,{'word ' * 40_000}\n")
    assert len(read_deck(tmp_path / "a.csv").cards[0].answer) == 199_999
    (tmp_path / "b.txt").write_text("".join(f"q{n}\ta{n}\n" for n in range(20_000)))
    assert len(read_deck(tmp_path / "b.txt")) == 20_000


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


ROWS = Notes(rows=[(["What do owls eat?", "mice"], [0]), (["What do kites eat?", "voles"], [0])])


def faulty(change: Callable[[bytearray], None]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = Maker(folder)(ROWS)
        raw = bytearray(path.read_bytes())
        change(raw)
        path.write_bytes(raw)
        return path

    return write


def in_collection(change: Callable[[bytes], bytes], *, sql: str = "") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        data = database(folder / "made.db", [ROWS], modern=False, sql=sql)
        return package(folder / "deck.apkg", {"collection.anki2": change(data), "media": b"{}"})

    return write


def flip(raw: bytearray) -> None:
    raw[60] ^= 0xFF


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (faulty(lambda raw: raw.__delitem__(slice(-40, None))), "cut off"),
        (faulty(flip), "damaged"),
        (in_collection(lambda data: data[: len(data) // 2]), "cannot be read|far more"),
        (in_collection(lambda data: data[:100] + b"\xff" * (len(data) - 100)), "cannot be read"),
        (in_collection(lambda _: b"not a database"), "is no database"),
        (in_collection(bytes, sql="DROP TABLE cards;"), "lacks the tables"),
        (lambda folder: package(folder / "deck.apkg", {"meta": message({1: 9}), "collection.anki2": b"x"}), "newer"),
        (lambda folder: package(folder / "deck.apkg", {"readme.txt": b"x"}), "without an Anki collection"),
        (lambda folder: package(folder / "deck.apkg", {"collection.anki21b": b"x"}), "damaged"),
    ],
)  # fmt: skip
def test_faulty_package_is_refused_with_its_name(tmp_path: Path, write: Callable[[Path], Path], said: str) -> None:
    path = write(tmp_path)
    with pytest.raises(DeckError, match=said) as caught:
        read_deck(path)
    assert str(path) in str(caught.value)


def test_notes_of_one_guid_stay_two_cards_with_two_ids(make: Maker) -> None:
    deck = read_deck(make(ROWS, sql="UPDATE notes SET guid = 'same';"))
    assert len({card.id for card in deck.cards}) == 2


def test_entries_that_lead_elsewhere_write_and_read_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden")
    home = tmp_path / "home"
    home.mkdir()
    data = database(tmp_path / "made.db", [ROWS], modern=False)
    path = home / "deck.apkg"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("collection.anki2", data)
        archive.writestr("media", json.dumps({"0": "../../x", "../1": "y.png", "2": "link.png"}))
        archive.writestr("0", b"x")
        archive.writestr("../1", b"x")
        link = zipfile.ZipInfo("2")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(tmp_path / "secret"))
    before = sorted(tmp_path.rglob("*"))
    from corpus.read.pictures import picture

    assert len(read_deck(path)) == 2
    assert [picture(path, name) for name in ("../../x", "x", "y.png", "link.png")] == [None] * 4
    assert sorted(tmp_path.rglob("*")) == before


def test_guid_keeps_the_id_when_the_question_is_edited_and_each_side_has_its_own(make: Maker) -> None:
    before = read_deck(make(ROWS)).cards
    edited = Notes(rows=[(["What do barn owls eat?", "mice"], [0]), (["What do kites eat?", "voles"], [0])])
    after = read_deck(make(edited)).cards
    assert [card.id for card in after] == [card.id for card in before]
    assert after[0].content_hash != before[0].content_hash
    both = Kind(templates=(("1", "{{Front}}", "{{Back}}"), ("2", "{{Back}}", "{{Front}}")))
    sides = read_deck(make(Notes(kind=both, rows=[(["owl", "Eule"], [0, 1])]))).cards
    assert len({card.id for card in sides}) == 2


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("a.csv", "id,question,answer\nowl-1,q,a\n", "id,question,answer\nowl-1,another q,a\n"),
        ("a.csv", "guid,question,answer\nx7f,q,a\n", "guid,question,answer\nx7f,another q,a\n"),
        ("a.json", '[{"id": "o1", "question": "q", "answer": "a"}]', '[{"id": "o1", "question": "r", "answer": "a"}]'),
        ("a.yaml", "- {id: o1, question: q, answer: a}", "- {id: o1, question: r, answer: a}"),
    ],
)
def test_name_that_the_file_gives_a_card_keeps_its_id(tmp_path: Path, name: str, before: str, after: str) -> None:
    path = tmp_path / name
    found = []
    for text in (before, after):
        path.write_text(text)
        found.append(read_deck(path).cards[0].id)
    assert found[0] == found[1]


def test_numbers_of_rows_are_no_names_of_cards(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,question,answer\n1,q,a\n2,r,b\n")
    before = read_deck(path).cards
    path.write_text("id,question,answer\n1,new,n\n2,q,a\n3,r,b\n")
    assert [card.id for card in read_deck(path).cards[1:]] == [card.id for card in before]


def sqlite_head(megabytes: int) -> bytes:
    pages = struct.pack(">I", megabytes * MIB // 4096)
    return b"SQLite format 3\0" + struct.pack(">H", 4096) + b"\1\1\0@  " + b"\0" * 4 + pages + b"\0" * 68


def zipped(path: Path, head: bytes, block: bytes, times: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("collection.anki2", "w") as file:
        file.write(head)
        for _ in range(times):
            file.write(block)
    return path


def lying(path: Path) -> Path:
    raw = bytearray(zipped(path, sqlite_head(200), bytes(MIB), 300).read_bytes())
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", 4096)
    path.write_bytes(raw)
    return path


def many_files(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(70_000):
            archive.writestr(str(number), b"")
    return path


def zstd(path: Path) -> Path:
    squeezed = zstandard.ZstdCompressor(level=3).compressobj()
    blocks = b"".join(squeezed.compress(bytes(MIB)) for _ in range(600))
    return package(path, {"collection.anki21b": squeezed.compress(sqlite_head(250)) + blocks + squeezed.flush()})


def text(data: Callable[[], bytes], name: str) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        path.with_name(name).write_bytes(data())
        return path.with_name(name)

    return write


BOMBS: dict[str, Callable[[Path], Path]] = {
    "zip": lambda path: zipped(path, b"", bytes(MIB), 300),
    "zip of a database": lambda path: zipped(path, sqlite_head(250), bytes(MIB), 250),
    "slow zip of a database": lambda path: zipped(path, sqlite_head(250), (os.urandom(20) * 53)[:1024] * 1024, 250),
    "lying zip": lying,
    "zstd": zstd,
    "many files": many_files,
    "empty lists": text(lambda: b"[" + b"[]," * 15_000_000 + b"[]]", "bomb.json"),
    "empty lists in a line": text(
        lambda: b'{"question": "q", "answer": [' + b"[]," * 9_000_000 + b"[]]}\n", "bomb.jsonl"
    ),
    "digits": text(lambda: b'[{"question": "q", "answer": ' + b"9" * 5_000_000 + b"}]", "bomb.json"),
    "yaml": text(lambda: b"- a\n" * 12_000_000, "bomb.yaml"),
    "numbers": text(lambda: b"[" + b"1," * 2_900_000 + b"1]", "bomb.json"),
    "yaml of one line": text(lambda: b"[" + b"a," * 4_000_000 + b"]", "bomb.yaml"),
    "50 MB line": text(lambda: HEADER + b"q," + b"y " * 25_000_000 + b"\n", "bomb.csv"),
    "50 MB of fields": text(lambda: HEADER + b"ab," * 16_000_000 + b"\n", "bomb.csv"),
    "50 MB line of text": text(lambda: b"Deck\n\n" + b"word " * 10_000_000 + b"\n", "bomb.txt"),
    "tags": text(lambda: b"#separator:tab\n#html:true\nq\t" + b"<sub>" * 800_000, "bomb.txt"),
    "rows": text(lambda: b"a,b\n" * 12_000_000, "bomb.csv"),
    "as many rows as a text may have": text(lambda: b"a,b\n" * 1_000_000, "bomb.csv"),
    "quotes": text(lambda: HEADER + b'"a,b\n' * 5_000_000, "bomb.csv"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BOMBS)
def test_bombs_are_refused_within_two_seconds_and_little_memory(tmp_path: Path, kind: str) -> None:
    path = BOMBS[kind](tmp_path / "bomb.apkg")
    # VmHWM, since the peak that getrusage tells begins with that of the process that started this one.
    code = (
        "import sys, time\nfrom corpus.read import read_deck\nfrom corpus.errors import DeckError\n"
        "start = time.process_time()\ntry:\n    print(len(read_deck(sys.argv[1])), 'cards')\n"
        "except DeckError as error:\n    print(str(error))\n"
        "peak = [row.split()[1] for row in open('/proc/self/status') if row.startswith('VmHWM')][0]\n"
        "print(time.process_time() - start, int(peak) // 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    said, spent = done.stdout.splitlines()
    seconds, megabytes = spent.split()
    assert path.name in said
    assert float(seconds) < 2, said
    assert int(megabytes) < 300, said
