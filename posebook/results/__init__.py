"""Every number with its protocol: what a run writes, and what the book may print of it.

A `Number` is the one shape of it: a line of a run's `results.json`, of `posebook evaluate --json`,
of a lifter file's header, and of `data/ledger.jsonl`, which keeps the numbers that the book and its
pages print. Such a number enters a chapter only through `ledger(key)`, and a page only through
`tools/build_pages.py`.
"""

from posebook.results.kept import keep, kept_means, ledger, ledger_numbers
from posebook.results.number import OF_A_FILE, PROFILES, Number, code, versions
from posebook.results.runs import Results, collect_runs, read, records, table

__all__ = [
    "OF_A_FILE",
    "PROFILES",
    "Number",
    "Results",
    "code",
    "collect_runs",
    "keep",
    "kept_means",
    "ledger",
    "ledger_numbers",
    "read",
    "records",
    "table",
    "versions",
]
