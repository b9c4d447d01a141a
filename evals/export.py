"""A run in the form that a file's name asks for: pages for people, JUnit for build servers, CSV for spreadsheets."""

import csv
import io
import json
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from evals.case import SuiteError
from evals.compare import compare
from evals.foreign import as_inspect
from evals.metrics import METRICS
from evals.page import html
from evals.report import markdown
from evals.result import Result, Run


def rendered(run: Run, suffix: str, earlier: Run | None = None) -> str:
    """The run as .md, .html, .csv, .xml or .json (inspect's log); with an earlier run the HTML page compares the two.

    Raises:
        SuiteError: there is no such form, or the two runs cannot be compared.
    """
    if suffix in (".html", ".htm"):
        return html([run, earlier], compare(earlier, run)) if earlier else html([run])
    forms = {".csv": as_csv, ".xml": junit, ".json": as_inspect, ".md": markdown, ".txt": markdown}
    if suffix not in forms:
        raise SuiteError([f"--to: the name must end in .md, .html, .csv, .xml or .json, not {suffix or 'without any'}"])
    return forms[suffix](run)


def junit(run: Run) -> str:
    """One test case a result: an error where it failed, a failure where the primary metric is below half its worth."""
    suite = Element("testsuite", name=f"{run.head.suite} {run.head.profile}", tests=str(len(run.results)))
    failures = 0
    for result in run.results:
        case = SubElement(suite, "testcase", classname=run.head.suite, name=_name(result), time=f"{result.seconds:.3f}")
        if result.status == "error":
            SubElement(case, "error", message=result.error)
            continue
        score = result.scores.get(run.head.primary)
        if score is None or score.value is None:
            SubElement(case, "skipped", message=score.reason if score else f"{run.head.primary} is not its business")
        elif _worth(score.value, run.head.primary) < 0.5:
            failures += 1
            failure = SubElement(case, "failure", message=f"{run.head.primary} {score.value:.2f}: {score.reason}")
            failure.text = f"asked: {result.asked}\nsaid: {result.said}"
    suite.set("failures", str(failures))
    suite.set("errors", str(run.counts["error"]))
    indent(suite)
    return tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _name(result: Result) -> str:
    return f"{result.case} ({result.repeat + 1})" if result.repeat else result.case


def _worth(value: float, name: str) -> float:
    """The value on a scale from 0, the worst the metric can be, to 1."""
    low, high = METRICS[name].bounds
    share = (value - low) / (high - low)
    return 1 - share if METRICS[name].better == "low" else share


def as_csv(run: Run) -> str:
    """One row a result: case, repeat, status, tags, every metric, seconds, tokens, the texts, the whole answer."""
    names = list(run.head.metrics)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["case", "repeat", "status", "tags", *names, "seconds", "tokens", "asked", "said", "answer"])
    for result in run.results:
        scores = [result.scores[name].value if name in result.scores else None for name in names]
        used = result.answer.input_tokens + result.answer.output_tokens if result.answer else 0
        values = ["" if value is None else f"{value:.4f}" for value in scores]
        row = [result.case, result.repeat, result.status, " ".join(result.tags), *values, f"{result.seconds:.4f}", used]
        whole = json.dumps(result.answer.as_json(), ensure_ascii=False) if result.answer else ""
        writer.writerow([*row, _tame(result.asked), _tame(result.said), whole])
    return out.getvalue()


def _tame(text: str) -> str:
    """The text so that a spreadsheet does not take it for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
