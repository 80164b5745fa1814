"""The chapters as data: `headers` reads what they say of themselves, `parameters` what may be given
to them, `run` executes one headlessly, in a folder that remembers how it was begun."""

from posebook.chapters.headers import Chapter, all_chapters, find, listing, load, read, values

__all__ = ["Chapter", "all_chapters", "find", "listing", "load", "read", "values"]
