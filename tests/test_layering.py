"""Who may import whom: packages and files only import what stands above them in ARCHITECTURE.md."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("prompts", "corpus", "tutor", "evals")
OWNERS = {
    "chromadb": {"corpus/collection.py", "evals/bench.py", "evals/overhead.py"},
    "onnxruntime": {"corpus/minilm.py"},
    "onnx": {"corpus/minilm.py"},
    "tiktoken": {"corpus/tokens.py"},
    "openai": {
        "tutor/model.py",
        "tutor/diagnose.py",
        "tutor/providers.py",
        "corpus/embed.py",
        "evals/bench.py",
        "evals/mailbox.py",
        "evals/overhead.py",
    },
    "langchain": {
        "tutor/model.py",
        "tutor/providers.py",
        "corpus/chain.py",
        "corpus/retrieve.py",
        "evals/overhead.py",
    },
    "fsrs": {"tutor/schedule.py"},
    "sqlalchemy": {"tutor/database.py", "tutor/log.py"},
    "gradio": {"tutor/ui", "tutor/server.py"},
    "uvicorn": {"tutor/server.py", "tutor/wire.py"},
    "argon2": {"tutor/names.py"},
    "limits": {"tutor/guard.py"},
    "prometheus": {"tutor/metrics.py"},
}


def _order() -> dict[str, list[str]]:
    """The files of each package in the order ARCHITECTURE.md gives them."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    order: dict[str, list[str]] = {}
    for package, name in re.findall(r"^- `(\w+)/([\w./]+)`", text, re.MULTILINE):
        order.setdefault(package, []).append(name)
    return order


def _sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def _imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def _place(module: str, order: dict[str, list[str]]) -> tuple[int, int] | None:
    """(package, file) as numbers for one of our modules; None for a module that is not ours or is a package itself."""
    package, _, rest = module.partition(".")
    if package not in PACKAGES:
        return None
    first = rest.partition(".")[0]
    for place, name in enumerate(order[package]):
        if first and name.rstrip("/").removesuffix(".py") == first:
            return PACKAGES.index(package), place
    return None


def test_every_source_file_stands_in_the_architecture_and_every_listed_file_exists() -> None:
    order = _order()
    for package in PACKAGES:
        there = {
            f"{p.name}/" if p.is_dir() else p.name
            for p in (ROOT / package).iterdir()
            if (p.suffix == ".py" and p.name != "__init__.py") or (p.is_dir() and any(p.glob("*.py")))
        }
        listed = {name for name in order.get(package, []) if name.endswith((".py", "/"))} - {"__init__.py"}
        assert there == listed & there, f"{package}: not in ARCHITECTURE.md: {sorted(there - listed)}"
        gone = {name for name in listed - there if not (ROOT / package / name).exists()}
        assert not gone, f"{package}: listed but not there: {sorted(gone)}"


def test_files_only_import_what_stands_above_them() -> None:
    order = _order()
    wrong = []
    for path in _sources():
        relative = path.relative_to(ROOT)
        own = _place(".".join(relative.with_suffix("").parts), order)
        package = PACKAGES.index(relative.parts[0])
        for module, line in _imports(path):
            target = _place(module, order)
            if target is None or path.name == "__init__.py":
                continue
            upward = target[0] > package or (own is not None and target[0] == package and target[1] > own[1])
            if upward:
                wrong.append(f"{relative}:{line} imports {module}")
    assert not wrong, "\n".join(wrong)


def test_nobody_imports_a_command_line() -> None:
    wrong = [
        f"{p.relative_to(ROOT)}:{line}"
        for p in _sources()
        for module, line in _imports(p)
        if module in ("tutor.cli", "evals.cli")
    ]
    assert not wrong


def test_heavy_packages_are_imported_by_their_owners_only() -> None:
    wrong = []
    for path in _sources():
        relative = str(path.relative_to(ROOT))
        for module, line in _imports(path):
            for heavy, owners in OWNERS.items():
                mine = module.split(".")[0].split("_")[0] == heavy and not module.startswith("langchain_text")
                if mine and not any(relative == owner or relative.startswith(owner + "/") for owner in owners):
                    wrong.append(f"{relative}:{line} imports {module}")
    assert not wrong, "\n".join(sorted(set(wrong)))


@pytest.mark.parametrize("module", ["corpus", "tutor", "evals", "tutor.cli", "evals.cli"])
def test_importing_stays_light(module: str) -> None:
    code = (
        f"import sys, {module}; "
        "heavy = {'chromadb', 'onnxruntime', 'tiktoken', 'openai', 'langchain', 'langchain_core', 'fsrs', "
        "'sqlalchemy', 'gradio', 'numpy', 'scipy', 'pydantic'} & set(sys.modules); "
        "print(sorted(heavy)); sys.exit(bool(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_names_that_say_nothing_are_not_used_for_files() -> None:
    empty = re.compile(r"^(utils?|helpers?|common|misc|base|core|manager|service|factory|types)\.py$")
    assert not [str(p) for p in _sources() if empty.match(p.name)]
    long = {str(p.relative_to(ROOT)): n for p in _sources() if (n := p.read_text().count("\n")) > 400}
    assert not long, f"a file of more than 400 lines is two things: {long}"
