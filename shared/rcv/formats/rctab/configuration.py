"""A configuration that has been read and found sound, and the contest it describes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from shared.contract.elections import Contest, Method, Rules, TieRule
from shared.rcv.formats.cvr.json_file import decoded
from shared.rcv.formats.cvr.raw import WRITE_IN, Source
from shared.rcv.formats.rctab.checks import faults
from shared.rcv.formats.rctab.document import CvrSource, Document
from shared.rcv.formats.records import FormatError
from shared.rcv.names import slugs

SUFFIX: Final = "_config"


@dataclass(frozen=True, slots=True)
class Configuration:
    """RCTab's configuration of one contest."""

    path: Path
    document: Document
    as_rctab: bool = False
    """Whether vendors' own "do not count" is read as RCTab reads it, where that differs."""
    migrated: tuple[str, ...] = ()
    """What older versions call otherwise, and as what it is read."""

    @property
    def stem(self) -> str:
        """What the names of its reports begin with: that of `<stem>_config.json`."""
        return self.path.stem.removesuffix(SUFFIX)

    @property
    def max_ranks(self) -> int | None:
        """How many ranks a record may fill [maxRankingsAllowed]; None: any number."""
        allowed = self.document.rules.max_rankings_allowed
        return None if allowed.lower() == "max" else int(allowed)

    @property
    def remarks(self) -> list[str]:
        """What its reader ought to know though nothing is wrong: older words, and where RCTab itself would count otherwise."""
        minimum = int(self.document.rules.minimum_vote_threshold or 0)
        notice = (
            f"rules.minimumVoteThreshold {minimum} is obeyed here; RCTab passes it over since October 2025"
        )
        return [*self.migrated, *([notice] if minimum else [])]

    @property
    def has_write_ins(self) -> bool:
        """Whether some source can name somebody who is not declared."""
        sources = self.document.cvr_file_sources
        return any(s.undeclared_write_in_label or s.treat_blank_as_undeclared_write_in for s in sources)

    @property
    def sources(self) -> list[tuple[Path, Source]]:
        """The sources, in order, each with its path as it is found from the configuration's folder."""
        return [
            (self.path.parent / s.file_path, _source(s, as_rctab=self.as_rctab))
            for s in self.document.cvr_file_sources
        ]


def load(path: Path, *, as_rctab: bool = False) -> Configuration:
    """Read and check a configuration. Raises FormatError with a line for each thing that is wrong, OSError."""
    try:
        document = Document.model_validate(found := decoded(path))
    except ValidationError as fault:
        raise FormatError(path, "", _first(fault)) from None
    wrong = list(faults(document, path.parent))
    if wrong:
        more = "" if len(wrong) == 1 else f"{len(wrong)} things are wrong\n  "
        raise FormatError(path, "", more + "\n  ".join(wrong))
    return Configuration(path, document, as_rctab, tuple(_migrated(document, found)))


def _migrated(document: Document, written: dict[str, Any]) -> Iterator[str]:
    """Yield each value that is read as another word than the file has."""
    rules = written.get("rules") or {}
    read = document.rules
    values = [
        (f"cvrFileSources, number {number}, provider", said.get("provider"), source.provider)
        for number, (said, source) in enumerate(
            zip(written.get("cvrFileSources") or [], document.cvr_file_sources, strict=False), 1
        )
    ]
    values += [
        ("rules.winnerElectionMode", rules.get("winnerElectionMode"), read.winner_election_mode),
        ("rules.tiebreakMode", rules.get("tiebreakMode"), read.tiebreak_mode),
    ]
    for key, said, value in values:
        if isinstance(said, str) and said.strip() != value:
            yield f"{key} {said!r} of an older version of RCTab is read as {value}"


def contest_of(configuration: Configuration) -> Contest:
    """Return the contest that is to be counted. Its lot is the random seed, as text.

    Raises FormatError for a contest larger than any that is counted: too many candidates or seats, a name too long.
    """
    try:
        return _contest(configuration)
    except ValidationError as fault:
        raise FormatError(configuration.path, "", _first(fault)) from None


def _contest(configuration: Configuration) -> Contest:
    document = configuration.document
    names = [candidate.name for candidate in document.candidates]
    ids = slugs([*names, WRITE_IN])
    candidates: list[dict[str, object]] = [
        {"id": name_id, "name": of.name, "excluded": of.excluded}
        for name_id, of in zip(ids, document.candidates, strict=False)
    ]
    if configuration.has_write_ins:
        candidates.append({"id": ids[-1], "name": WRITE_IN, "write_in": True})
    return Contest.model_validate(
        {
            "id": "contest",
            "title": document.output_settings.contest_name[:200],
            "method": _METHODS[document.rules.winner_election_mode],
            "seats": int(document.rules.number_of_winners),
            "candidates": tuple(candidates),
            "rules": _rules(configuration),
            "lot": document.rules.random_seed or "0",
        }
    )


def _first(fault: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, e['loc'])) or 'expected an object'}: {e['msg']}" for e in fault.errors()
    )


def _rules(configuration: Configuration) -> Rules:
    rules = configuration.document.rules
    skipped, percentage = rules.max_skipped_ranks_allowed, rules.multi_seat_bottoms_up_percentage_threshold
    early = rules.stop_tabulation_early_after_round
    by_percentage = rules.winner_election_mode == "bottomsUpUsingPercentageThreshold"
    one_a_round = rules.winner_election_mode == "multiWinnerAllowOnlyOneWinnerPerRound"
    return Rules.model_validate(
        {
            "max_ranks": configuration.max_ranks,
            "overvote": _OVERVOTES[rules.overvote_rule],
            "max_skipped_ranks": None if skipped.lower() == "unlimited" else int(skipped),
            "repeated_candidate": "exhaust" if rules.exhaust_on_duplicate_candidate else "skip",
            "finish": "last-two" if rules.continue_until_two_candidates_remain else "majority",
            "stop_after_round": int(early) if early else None,
            "batch_elimination": rules.batch_elimination,
            "minimum_votes": int(rules.minimum_vote_threshold or 0),
            "first_round_threshold": rules.does_first_round_determine_threshold,
            "quota": "hare" if rules.hare_quota else "droop",
            "fractional_threshold": rules.non_integer_winning_threshold,
            "places": int(rules.decimal_places_for_vote_arithmetic),
            "winners_per_round": "one" if one_a_round else "several",
            "percentage": percentage if by_percentage else None,
            "cutoff_elimination": rules.cutoff_elimination,
            "ties": _TIES[rules.tiebreak_mode],
            "decide_without_votes": True,
        }
    )


def _source(source: CvrSource, *, as_rctab: bool) -> Source:
    return Source(
        file_path=source.file_path,
        provider=source.provider,
        contest_id=source.contest_id,
        first_vote_column=_optional(source.first_vote_column_index),
        first_vote_row=_optional(source.first_vote_row_index),
        id_column=_optional(source.id_column_index),
        precinct_column=_optional(source.precinct_column_index),
        batch_column=_optional(source.batch_column_index),
        overvote_delimiter=source.overvote_delimiter,
        overvote_label=source.overvote_label,
        skipped_rank_label=source.skipped_rank_label,
        undeclared_write_in_label=source.undeclared_write_in_label,
        blank_is_write_in=source.treat_blank_as_undeclared_write_in,
        as_rctab=as_rctab,
    )


def _optional(number: str) -> int | None:
    return int(number) if number else None


_METHODS: Final[dict[str, Method]] = {
    "singleWinnerMajority": "irv",
    "multiWinnerAllowOnlyOneWinnerPerRound": "stv-wigm",
    "multiWinnerAllowMultipleWinnersPerRound": "stv-wigm",
    "bottomsUp": "bottoms-up",
    "bottomsUpUsingPercentageThreshold": "bottoms-up",
    "multiPassIrv": "sequential-irv",
}
_OVERVOTES: Final = {
    "alwaysSkipToNextRank": "skip",
    "exhaustImmediately": "exhaust",
    "exhaustIfMultipleContinuing": "exhaust-if-several-continue",
}
_TIES: Final[dict[str, TieRule]] = {
    "random": "random",
    "stopCountingAndAsk": "ask",
    "previousRoundCountsThenRandom": "earlier-rounds-then-random",
    "previousRoundCountsThenAsk": "earlier-rounds-then-ask",
    "useCandidateOrder": "candidate-order",
    "generatePermutation": "permutation",
}
