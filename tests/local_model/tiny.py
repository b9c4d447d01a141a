"""Writes a language model of 300 kB in the GGUF format: a llama whose layers do nothing, so that it is a bigram chain.

It says one sentence and stops; all else it does as a model does: tokenize, count, fill its context, obey a grammar.
"""

import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SENTENCE = ("▁The", "▁cards", "▁say", "▁so", "▁[1]", ".")

_WIDTH, _HEADS, _FEED, _CONTEXT = 64, 4, 64, 4096
_CONTROL = ("<unk>", "<s>", "</s>")
_BYTES = tuple(f"<0x{value:02X}>" for value in range(256))
_LETTERS = (*(chr(code) for code in range(33, 127)), "▁")
_TOKENS = (*_CONTROL, *_BYTES, *_LETTERS, *(word for word in SENTENCE if word not in _LETTERS))
_UINT32, _INT32, _FLOAT32, _STRING, _ARRAY = 4, 5, 6, 8, 9  # GGUF's numbers for types of values
_ALIGNED = 32


def write_tiny_model(path: Path) -> Path:
    """Write the model to `path`; the same bytes every time."""
    tensors = _tensors()
    with path.open("wb") as file:
        keys = _keys()
        file.write(b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys)))
        for name, kind, value in keys:
            file.write(_string(name) + _value(kind, value))
        offset = 0
        for name, tensor in tensors.items():
            file.write(_string(name) + struct.pack("<I", tensor.ndim))
            file.write(struct.pack(f"<{tensor.ndim}Q", *reversed(tensor.shape)))
            file.write(struct.pack("<IQ", 0, offset))  # 0: 32-bit floats
            offset += _padded(tensor.nbytes)
        file.write(b"\0" * (_padded(file.tell()) - file.tell()))
        for tensor in tensors.values():
            file.write(tensor.tobytes() + b"\0" * (_padded(tensor.nbytes) - tensor.nbytes))
    return path


def _keys() -> list[tuple[str, int, Any]]:
    kinds = [2, 3, 3, *[6] * len(_BYTES)]
    kinds += [1] * (len(_TOKENS) - len(kinds))
    scores = [0.0] * (len(_CONTROL) + len(_BYTES)) + [-20.0] * len(_LETTERS)
    scores += [-1.0] * (len(_TOKENS) - len(scores))
    return [
        ("general.architecture", _STRING, "llama"),
        ("general.name", _STRING, "tiny"),
        ("llama.context_length", _UINT32, _CONTEXT),
        ("llama.embedding_length", _UINT32, _WIDTH),
        ("llama.block_count", _UINT32, 1),
        ("llama.feed_forward_length", _UINT32, _FEED),
        ("llama.rope.dimension_count", _UINT32, _WIDTH // _HEADS),
        ("llama.attention.head_count", _UINT32, _HEADS),
        ("llama.attention.head_count_kv", _UINT32, _HEADS),
        ("llama.attention.layer_norm_rms_epsilon", _FLOAT32, 1e-5),
        ("llama.vocab_size", _UINT32, len(_TOKENS)),
        ("tokenizer.ggml.model", _STRING, "llama"),
        ("tokenizer.ggml.tokens", _ARRAY, (_STRING, list(_TOKENS))),
        ("tokenizer.ggml.scores", _ARRAY, (_FLOAT32, scores)),
        ("tokenizer.ggml.token_type", _ARRAY, (_INT32, kinds)),
        ("tokenizer.ggml.unknown_token_id", _UINT32, 0),
        ("tokenizer.ggml.bos_token_id", _UINT32, 1),
        ("tokenizer.ggml.eos_token_id", _UINT32, 2),
    ]


def _tensors() -> dict[str, NDArray[np.float32]]:
    """Weights: every token is a direction of its own, and points to the token that follows it."""
    draw = np.random.default_rng(7)
    embedding = draw.standard_normal((len(_TOKENS), _WIDTH)).astype(np.float32)
    embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
    output = 0.01 * draw.standard_normal((len(_TOKENS), _WIDTH)).astype(np.float32)
    place = {token: number for number, token in enumerate(_TOKENS)}
    chain = [place["<0x0A>"], *(place[word] for word in SENTENCE), place["</s>"]]
    for here, following in pairwise(chain):
        output[following] += 4 * embedding[here]
    ones, square = np.ones(_WIDTH, np.float32), np.zeros((_WIDTH, _WIDTH), np.float32)
    layer = {name: square for name in ("attn_q", "attn_k", "attn_v", "attn_output")}
    feed = np.zeros((_FEED, _WIDTH), np.float32)
    layer |= {"ffn_gate": feed, "ffn_up": feed, "ffn_down": feed.T.copy(), "attn_norm": ones, "ffn_norm": ones}
    blocks = {f"blk.0.{name}.weight": weights for name, weights in layer.items()}
    return {"token_embd.weight": embedding, **blocks, "output_norm.weight": ones, "output.weight": output}


def _padded(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _value(kind: int, value: Any) -> bytes:
    if kind == _ARRAY:
        inner, values = value
        return struct.pack("<IIQ", kind, inner, len(values)) + b"".join(_plain(inner, one) for one in values)
    return struct.pack("<I", kind) + _plain(kind, value)


def _plain(kind: int, value: Any) -> bytes:
    if kind == _STRING:
        return _string(value)
    return struct.pack({_UINT32: "<I", _INT32: "<i", _FLOAT32: "<f"}[kind], value)
