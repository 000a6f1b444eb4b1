"""A rank whose candidates are numbered, as BLT and PrefLib have it: `3`, or `2=3`, or none."""

from shared.rcv.formats.plain.text import Fault, whole_number


class Ranks(dict[bytes, str]):
    """From what a file calls a rank to the spelling of `shared.contract.ballots`, learnt as it is met."""

    def __init__(self, candidates: int) -> None:
        super().__init__({str(place + 1).encode(): str(place) for place in range(candidates)})
        self.candidates = candidates
        self[b"-"] = ""

    def __missing__(self, token: bytes) -> str:
        self[token] = rank = "=".join(map(str, self.places(token.split(b"="))))
        return rank

    def nickname(self, names: list[bytes]) -> None:
        """Learn other names of the candidates, in their order. Raises Fault."""
        if len(names) != self.candidates:
            raise Fault(f"expected {self.candidates} nicknames, found {len(names)}")
        for place, name in enumerate(names):
            if name.isdigit() or b"=" in name or self.setdefault(name, str(place)) != str(place):
                raise Fault(
                    f"expected nicknames that differ, are no numbers and hold no =, found {name.decode()!r}"
                )

    def places(self, tokens: list[bytes]) -> list[int]:
        """Return candidates who share a rank, ascending. Raises Fault."""
        places = sorted(map(self._place, tokens))
        if len(set(places)) != len(places):
            raise Fault("expected a candidate once within a rank")
        return places

    def _place(self, token: bytes) -> int:
        """Return one candidate's place; noughts in front only make all numbers equally long, as in 07 of 12."""
        if (known := self.get(token)) and known.isdigit():
            return int(known)
        bare = token.lstrip(b"0") if len(token) == len(str(self.candidates)) else token
        number = whole_number(bare, 1, self.candidates)
        if number is None or bare.startswith(b"0"):
            raise Fault(
                f"expected a candidate from 1 to {self.candidates}, found {token[:40].decode(errors='replace')!r}"
            )
        return number - 1
