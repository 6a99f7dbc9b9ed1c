"""What the services show on /metrics, held against what it should be: one rule a line, each with its runbook."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from cli.checkup.findings import Finding, fail, ok, warn

Samples = Mapping[str, list[tuple[Mapping[str, str], float]]]
"""The samples of one service, by metric."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A number to look at: the largest of its series (or of those with `only`), and from where on it is bad.

    `by`: the label that names the worst; `told`: what to say of it.
    """

    check: str
    metric: str
    by: str
    told: Callable[[float], str]
    warns_at: float
    fails_at: float
    remedy: str
    only: tuple[str, str] = ("", "")


_NEVER = float("inf")


def _seconds(value: float) -> str:
    return f"{value:.0f} s" if value < 600 else f"{value / 60:.0f} minutes"


def _book(section: str, first: str) -> str:
    return f"{first}; then docs/operations.md, {section}"


RULES = (
    Rule(
        "messages wait",
        "perseverance_reader_oldest_seconds",
        "consumer",
        lambda age: f"the oldest for {_seconds(age)}",
        60,
        300,
        _book("MessagesWait", "perseverance wait --timeout 60"),
    ),
    Rule(
        "relay distance",
        "perseverance_relay_distance",
        "stream",
        lambda count: f"{count:.0f} entries not yet published",
        1_000,
        100_000,
        _book("StreamFallsBehind", "perseverance wait --timeout 60"),
    ),
    Rule(
        "pages",
        "perseverance_projection_age_seconds",
        "read_model",
        lambda age: f"what they show is {_seconds(age)} old",
        60,
        300,
        _book("PagesAreOld", "perseverance wait --timeout 60"),
    ),
    Rule(
        "deadlines aside",
        "perseverance_deadlines_aside",
        "",
        lambda count: f"{count:.0f} parcours or delays could not be decided upon",
        1,
        1,
        _book("DeadlinesPutAside", "read the log of parcours"),
    ),
    *(
        Rule(
            f"e-mails {state}",
            "perseverance_mails",
            "",
            lambda count: f"{count:.0f}",
            1,
            _NEVER,
            remedy,
            only=("state", state),
        )
        for state, remedy in {
            "uncertain": _book("MailsInDoubt", "look at the page of e-mails"),
            "refused": _book("MailsRefused", "look at the page of e-mails"),
            "unaddressed": "nobody is in charge there: complete the directory with `perseverance directory load`",
        }.items()
    ),
    Rule(
        "schools silent",
        "perseverance_schools_silent",
        "",
        lambda count: f"{count:.0f} with pupils sent nothing for days of class",
        1,
        _NEVER,
        _book("SchoolsSilent", "perseverance senders list"),
    ),
    Rule(
        "numbers",
        "perseverance_look_age_seconds",
        "look",
        lambda age: f"not looked at for {_seconds(age)}",
        90,
        300,
        _book("NumbersAreOld", "see what is not ready above"),
    ),
)


def read(text: str) -> Samples:
    """What a page of /metrics says."""
    found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def judge(pages: Mapping[str, Samples]) -> Iterator[Finding]:
    """What is to be said of the numbers of these services; nothing of those nobody shows."""
    for rule in RULES:
        shown = [each for samples in pages.values() for each in _series(samples, rule)]
        if not shown:
            continue
        labels, worst = max(shown, key=lambda each: each[1])
        which = f"{labels[rule.by]}: " if rule.by in labels else ""
        if worst >= rule.fails_at:
            yield fail(rule.check, which + rule.told(worst), rule.remedy)
        elif worst >= rule.warns_at:
            yield warn(rule.check, which + rule.told(worst), rule.remedy)
        else:
            yield ok(rule.check, "none" if worst == 0 else which + rule.told(worst))


def _series(samples: Samples, rule: Rule) -> list[tuple[Mapping[str, str], float]]:
    label, value = rule.only
    return [each for each in samples.get(rule.metric, []) if not label or each[0].get(label) == value]
