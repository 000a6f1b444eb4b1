"""Candidates of an ABIF file: by id or by name, declared or not.

Rule 1: `=id:[Full name]` declares; ballots may use the id or the name.
Rule 2: where nothing is declared, candidates stand in order of first appearance.
Rule 3: where something is, a candidate who is not declared is refused: most likely a slip of the pen.
"""

import re

from shared.contract.elections import MAX_CANDIDATES
from shared.rcv.formats.plain.text import Fault, clean_name

_BARE = r'>=,/:\[\]"#{}*'
NAME = rf'\[[^\[\]]*\]|"(?:[^"\\]|\\.)*"|[^\s{_BARE}](?:[^{_BARE}]*[^\s{_BARE}])?'
"""A candidate as a ballot has it: in square brackets, in quotes, or bare."""

_DECLARATION = re.compile(rf"(=?)\s*({NAME})\s*:\s*({NAME})\s*(?:#.*)?")
_ESCAPED = re.compile(r'\\(["\\])')


def plain(token: str) -> str:
    """Return a token without its brackets or quotes."""
    token = token.strip()
    if token.startswith("["):
        return token[1:-1].strip()
    return _ESCAPED.sub(r"\1", token[1:-1]).strip() if token.startswith('"') else token


class Candidates:
    """Who stands, in order, and under which words."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.met: dict[str, int] = {}
        """From words of ballots, as spelled there, to places: what has been looked up before."""
        self._places: dict[str, int] = {}
        self._declared = False

    def declare(self, line: str, times: int = 1) -> bool:
        """Learn from a line that stands `times` if it is a declaration, and say whether it is. Raises Fault."""
        found = _DECLARATION.fullmatch(line)
        if not found or not _declares(*found.groups()):
            return False
        token, name = clean_name(plain(found[2])), clean_name(plain(found[3]))
        for word in {token, name} if times > 1 else {token, name} & self._places.keys():
            raise Fault(f"expected another candidate, found {word!r} a second time")
        self._places[token] = self._add(name)
        self._declared = True
        return True

    def place(self, token: str) -> int:
        """Return the place of a candidate whom a ballot names. Raises Fault."""
        if (place := self.met.get(token)) is None:
            place = self.met[token] = self._find(clean_name(plain(token)))
        return place

    def _find(self, word: str) -> int:
        if (place := self._places.get(word)) is not None:
            return place
        if self._declared:
            raise Fault(f"expected a declared candidate, found {word[:40]!r}")
        return self._add(word)

    def _add(self, name: str) -> int:
        if len(self.names) == MAX_CANDIDATES:
            raise Fault(f"expected at most {MAX_CANDIDATES} candidates")
        self.names.append(name)
        return self._places.setdefault(name, len(self.names) - 1)


def _declares(equals: str, token: str, name: str) -> bool:
    """Without `=` in front, `A:[Full name]` declares, and `27:[Full name]` is a ballot."""
    return bool(equals) or (name.startswith(("[", '"')) and not token.isdigit())
