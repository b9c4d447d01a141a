import json
from dataclasses import replace
from pathlib import Path

from corpus.chunk import Chunk
from corpus.plan import plan_for, plan_from_json, plan_to_json
from corpus.vectors import VectorCache


def chunk(text: str) -> Chunk:
    return Chunk(id=text[:3], card=text[:3], deck="d", path="p", part=0, text=text)


def test_a_plan_is_named_by_content_and_maker(tmp_path: Path, letters: object) -> None:
    chunks = [chunk("one"), chunk("two")]
    cache, other = VectorCache(tmp_path / "v", "e1"), VectorCache(tmp_path / "v", "e2")
    plan = plan_for(chunks, cache, letters, tmp_path)  # type: ignore[arg-type]
    assert plan_for(chunks, cache, letters, tmp_path).name == plan.name  # type: ignore[arg-type]
    changed = [
        plan_for(chunks[::-1], cache, letters, tmp_path),  # type: ignore[arg-type]
        plan_for([replace(chunks[0], text="one!"), chunks[1]], cache, letters, tmp_path),  # type: ignore[arg-type]
        plan_for([replace(chunks[0], id="x"), chunks[1]], cache, letters, tmp_path),  # type: ignore[arg-type]
        plan_for(chunks, other, letters, tmp_path),  # type: ignore[arg-type]
    ]
    assert len({plan.name, *(one.name for one in changed)}) == 5
    assert plan.home == tmp_path / f"index-{plan.name}"
    cache.close()
    other.close()


def test_a_plan_survives_json(tmp_path: Path, letters: object) -> None:
    cache = VectorCache(tmp_path / "v", "e1")
    plan = plan_for([chunk("één"), chunk("two")], cache, letters, tmp_path)  # type: ignore[arg-type]
    assert plan_from_json(json.loads(json.dumps(plan_to_json(plan)))) == plan
    cache.close()
