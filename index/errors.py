"""Errors a person can act on. A message says what is wrong, what was expected, and what to type.

UserError
├── IndexMissing       nothing is built there
├── IndexStale         built by another version, encoder or from other articles
├── IndexCorrupt       a file of the index is damaged
├── ArticleUnreadable  one article cannot be read; the others can
└── GeneratorError     the language model failed
"""


class UserError(Exception):
    """Something the person at the keyboard can fix; its message is one line."""


class IndexMissing(UserError):
    """There is no index in the folder named."""


class IndexStale(UserError):
    """The index was built by another format, encoder, splitter or normaliser than the one now asked for."""


class IndexCorrupt(UserError):
    """A file of the index does not match its manifest."""


class ArticleUnreadable(UserError):
    """An article is missing, empty, binary or mis-encoded."""


class GeneratorError(UserError):
    """The language model could not be loaded, reached or understood."""
