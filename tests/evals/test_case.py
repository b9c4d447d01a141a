import json
from pathlib import Path

from evals.case import AnswerCase, GradingCase, RetrievalCase, read_cases


def _write(path: Path, *lines: object) -> Path:
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return path


def test_a_case_line_of_each_subject_is_read(tmp_path: Path) -> None:
    seen = []
    for subject, line in (
        ("retrieval", {"id": "r", "query": "what is a net", "relevant": ["What is a net?"], "tags": ["learner"]}),
        ("answer", {"id": "a", "question": "why?", "reference": "because", "must_not": ["never"], "cards": ["Why?"]}),
        ("grading", {"id": "g", "question": "why?", "reference": "because", "answer": "so", "score": 1, "group": "c1"}),
    ):
        cases, faults = read_cases(_write(tmp_path / "cases.jsonl", line), subject)
        assert not faults
        seen += cases
    assert [type(case) for case in seen] == [RetrievalCase, AnswerCase, GradingCase]
    assert [case.cluster for case in seen] == ["What is a net?", "Why?", "c1"]
    assert [case.line for case in seen] == [1, 1, 1]


def test_every_fault_of_a_file_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "cases.jsonl",
        {"id": "a", "query": "q", "relevant": ["c"]},
        {"id": "b", "query": "q", "relevent": ["c"]},
        "{not json",
        "",
        {"id": "a", "query": "q", "unanswerable": True},
        {"id": "c", "query": 3, "relevant": "c"},
        {"id": "d", "query": "q", "relevant": ["c"], "unanswerable": True},
        [1],
        {"query": "q", "relevant": ["c"]},
        {"id": "", "query": "q", "relevant": ["c"]},
    )
    _, faults = read_cases(path, "retrieval")
    told = "\n".join(faults)
    assert "line 2: `relevent` is not known; did you mean `relevant`?" in told
    assert "line 3 is not JSON" in told
    assert "line 5: the id 'a' is already on line 1" in told
    assert "line 6: `query` is 3, expected a text" in told
    assert 'line 6: `relevant` is "c", expected a list of texts' in told
    assert "line 7: name the relevant cards, or say `unanswerable: true`, and not both" in told
    assert "line 8 holds list" in told
    assert "line 9: `id` is missing" in told
    assert 'line 10: `id` is ""' in told
    assert "line 1:" not in told
    assert "line 4" not in told


def test_a_mark_outside_of_nought_to_one_is_a_fault(tmp_path: Path) -> None:
    line = {"id": "g", "question": "why?", "reference": "because", "answer": "", "score": 5}
    _, faults = read_cases(_write(tmp_path / "cases.jsonl", line), "grading")
    assert len(faults) == 1
    assert "score is 5.0, expected a mark from 0 to 1" in faults[0]


def test_a_missing_or_empty_file_is_a_fault(tmp_path: Path) -> None:
    assert "cannot be read" in read_cases(tmp_path / "none.jsonl", "answer")[1][0]
    assert "holds no case" in read_cases(_write(tmp_path / "empty.jsonl", ""), "answer")[1][0]
