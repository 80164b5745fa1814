"""The chapters as data: `headers` reads what they say of themselves, `parameters` what may be given
to them, `run` executes one headlessly, in a folder that remembers how it was begun."""

import sys

from posebook.chapters.headers import (
    Chapter,
    about,
    all_chapters,
    find,
    listing,
    load,
    read,
    values,
)

__all__ = ["Chapter", "about", "all_chapters", "find", "listing", "load", "read", "values"]

# Whatever reads notebooks imports jsonschema, which builds a grammar of web addresses in all
# scripts if this package is there: two seconds, for a check that no notebook's schema asks for.
sys.modules.setdefault("rfc3987_syntax", None)
