"""Another harness making the calls that `evals.bench` makes; run by a Python that has it, as `rival.py NAME URL N K`.

Stands alone, imports nothing of the project and nothing that is not there; prints cases a second and peak memory.
"""

import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from importlib import import_module
from importlib.util import find_spec
from typing import Any

PACKAGES = {"inspect": "inspect_ai", "deepeval": "deepeval"}


def _inspect(url: str, count: int, at_once: int) -> float:
    os.environ |= {"ECHO_BASE_URL": url, "ECHO_API_KEY": "none", "INSPECT_DISPLAY": "none"}
    ai: Any = import_module("inspect_ai")
    dataset: Any = import_module("inspect_ai.dataset")
    scorer: Any = import_module("inspect_ai.scorer")
    solver: Any = import_module("inspect_ai.solver")
    name = "openai-api/echo/echo"

    def run(number: int) -> None:
        samples = [dataset.Sample(input=f"What is {n}?", target=f"It is number {n}") for n in range(number)]
        judge = scorer.model_graded_qa(model=name)
        task = ai.Task(dataset=samples, solver=solver.generate(), scorer=judge)
        with tempfile.TemporaryDirectory() as logs:
            found = ai.eval(task, model=name, log_dir=logs, max_connections=at_once, max_samples=at_once)
        if found[0].status != "success":
            raise RuntimeError(f"inspect did not get through: {found[0].error}")

    run(2)
    started = time.perf_counter()
    run(count)
    return count / (time.perf_counter() - started)


def _deepeval(url: str, count: int, at_once: int) -> float:
    os.environ |= {"DEEPEVAL_TELEMETRY_OPT_OUT": "YES", "DEEPEVAL_DISABLE_DOTENV": "1"}
    evaluate: Any = import_module("deepeval").evaluate
    configs: Any = import_module("deepeval.evaluate.configs")
    cases: Any = import_module("deepeval.test_case")
    base: Any = import_module("deepeval.metrics").BaseMetric
    client: Any = import_module("openai").AsyncOpenAI

    async def ask(text: str) -> str:
        async with client(base_url=url, api_key="none") as model:
            said = await model.chat.completions.create(model="echo", messages=[{"role": "user", "content": text}])
        return str(said.choices[0].message.content)

    class Judged(base):  # type: ignore[misc]
        threshold, async_mode, include_reason, name = 0.5, True, False, "judged"

        @property
        def __name__(self) -> str:
            return self.name

        async def a_measure(self, case: Any, *args: Any, **more: Any) -> float:  # noqa: ANN401
            await ask(f"Judge this: {case.actual_output}")
            self.score, self.success = 1.0, True
            return 1.0

        def measure(self, case: Any, *args: Any, **more: Any) -> float:  # noqa: ANN401
            return asyncio.run(self.a_measure(case))

        def is_successful(self) -> bool:
            return True

    async def generate(number: int) -> list[str]:
        gate = asyncio.Semaphore(at_once)

        async def one(n: int) -> str:
            async with gate:
                return await ask(f"What is {n}?")

        return list(await asyncio.gather(*(one(n) for n in range(number))))

    def run(number: int) -> None:
        said = asyncio.run(generate(number))
        asked = [cases.LLMTestCase(input=f"What is {n}?", actual_output=text) for n, text in enumerate(said)]
        quiet = configs.DisplayConfig(show_indicator=False, print_results=False)
        evaluate(asked, [Judged()], async_config=configs.AsyncConfig(max_concurrent=at_once), display_config=quiet)

    run(2)
    started = time.perf_counter()
    run(count)
    return count / (time.perf_counter() - started)


def main(words: list[str]) -> None:
    """`installed` lists the rivals that are there; else one of them runs."""
    if words == ["installed"]:
        sys.stdout.write(json.dumps([name for name, package in PACKAGES.items() if find_spec(package)]))
        return
    name, url, count, at_once = words
    rate = {"inspect": _inspect, "deepeval": _deepeval}[name](url, int(count), int(at_once))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    sys.stdout.write("\n" + json.dumps({"rate": rate, "memory": peak}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
