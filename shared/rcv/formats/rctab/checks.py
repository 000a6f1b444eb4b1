"""What is wrong with a configuration, all of it, each in one line: the key, and what was expected.

The checks are RCTab's own (its validation of configurations, version 2.0), said once and in its keys' names.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

from shared.rcv.formats.plain.text import looks
from shared.rcv.formats.rctab.document import CvrSource, Document

PROVIDERS: Final = ("cdf", "clearBallot", "dominion", "ess", "genericCsv", "hart")
BY_COLUMNS: Final = {"ess", "genericCsv"}
NAMES_CONTEST: Final = {"cdf", "clearBallot", "dominion", "hart"}

TIEBREAK_MODES: Final = (
    "random",
    "stopCountingAndAsk",
    "previousRoundCountsThenRandom",
    "previousRoundCountsThenAsk",
    "useCandidateOrder",
    "generatePermutation",
)
DRAWN_MODES: Final = {"random", "previousRoundCountsThenRandom", "generatePermutation"}
OVERVOTE_RULES: Final = ("alwaysSkipToNextRank", "exhaustImmediately", "exhaustIfMultipleContinuing")
STV_MODES: Final = ("multiWinnerAllowOnlyOneWinnerPerRound", "multiWinnerAllowMultipleWinnersPerRound")
ELECTION_MODES: Final = (
    "singleWinnerMajority",
    *STV_MODES,
    "bottomsUp",
    "bottomsUpUsingPercentageThreshold",
    "multiPassIrv",
)
RESERVED: Final = {"exhausted", "residual surplus", "uncounted", "undeclared write-ins", "overvote"}
MAX_INT: Final = 2**31 - 1
SEEDS: Final = 2**47


def faults(document: Document, folder: Path) -> Iterator[str]:
    """Yield everything that is wrong with a configuration whose relative paths start in `folder`."""
    if not document.output_settings.contest_name:
        yield "outputSettings.contestName: expected a name"
    yield from _source_faults(document, folder)
    yield from _candidate_faults(document)
    yield from _rule_faults(document)


def _source_faults(document: Document, folder: Path) -> Iterator[str]:
    if not document.cvr_file_sources:
        yield "cvrFileSources: expected at least one"
    seen: dict[object, int] = {}
    for place, source in enumerate(document.cvr_file_sources, 1):
        where = f"cvrFileSources, number {place}"
        path = folder / source.file_path
        if not source.file_path:
            yield f"{where}, filePath: expected a path"
        elif (number := seen.setdefault(_identity(path), place)) != place:
            yield f"{where}, filePath: {source.file_path} stands twice, as number {number}, too"
        elif not path.exists():
            yield f"{where}, filePath: no such file or folder: {source.file_path}"
        for fault in (*_provider_faults(source), *_label_faults(source), *_slice_faults(document, source)):
            yield f"{where}, {fault}"


def _identity(path: Path) -> object:
    """Return what a file has in common with all other names of it."""
    try:
        found = path.stat()
    except (OSError, ValueError):  # not there, or a name that no file can have
        return path
    return found.st_dev, found.st_ino


def _provider_faults(source: CvrSource) -> Iterator[str]:
    if source.provider not in PROVIDERS:
        yield f"provider: expected one of {', '.join(PROVIDERS)}, found {source.provider!r}"
        return
    by_columns = source.provider in BY_COLUMNS
    for key, value, upto in (
        ("firstVoteColumnIndex", source.first_vote_column_index, 1_000),
        ("firstVoteRowIndex", source.first_vote_row_index, 100_000),
    ):
        yield from _number(key, value, 1, upto, required=by_columns)
        if value and not by_columns:
            yield f"{key}: a {source.provider} source has none"
    for key, value in (
        ("idColumnIndex", source.id_column_index),
        ("precinctColumnIndex", source.precinct_column_index),
        ("batchColumnIndex", source.batch_column_index),
    ):
        yield from _number(key, value, 1, 1_000)
    if source.provider in NAMES_CONTEST and not source.contest_id:
        yield f"contestId: a {source.provider} source needs one"
    if by_columns and source.contest_id:
        yield f"contestId: a {source.provider} source holds one contest"
    for key, is_set in (
        ("overvoteLabel", bool(source.overvote_label) and source.provider != "cdf"),
        ("overvoteDelimiter", bool(source.overvote_delimiter)),
        ("skippedRankLabel", bool(source.skipped_rank_label)),
        ("treatBlankAsUndeclaredWriteIn", source.treat_blank_as_undeclared_write_in),
    ):
        if is_set and not by_columns:
            yield f"{key}: a {source.provider} source has none"
    if source.provider == "cdf" and not source.file_path.lower().endswith((".json", ".xml")):
        yield "filePath: a cdf source ends in .json or .xml"


def _label_faults(source: CvrSource) -> Iterator[str]:
    labels = {
        "overvoteLabel": source.overvote_label,
        "skippedRankLabel": source.skipped_rank_label,
        "undeclaredWriteInLabel": source.undeclared_write_in_label,
    }
    used: dict[str, str] = {}
    for key, label in labels.items():
        if label and label.lower() in used:
            yield f"{key}: {label!r} is the {used[label.lower()]} as well"
        used[label.lower()] = key
    if source.overvote_delimiter and re.fullmatch(r".*\\.*|[a-zA-Z0-9.',\-\"\s]+", source.overvote_delimiter):
        yield "overvoteDelimiter: expected a sign that no name holds, without a backslash"
    if source.overvote_delimiter and source.overvote_label:
        yield "overvoteDelimiter: there is an overvoteLabel, one of them is enough"


def _slice_faults(document: Document, source: CvrSource) -> Iterator[str]:
    rule = document.rules.overvote_rule
    if source.overvote_label and rule == "exhaustIfMultipleContinuing":
        yield "overvoteLabel: overvoteRule exhaustIfMultipleContinuing has to know whom an overvote names"
    if source.provider == "ess":
        if rule == "exhaustIfMultipleContinuing" and not source.overvote_delimiter:
            yield "overvoteDelimiter: overvoteRule exhaustIfMultipleContinuing needs one"
        if document.output_settings.tabulate_by_precinct and not source.precinct_column_index:
            yield "precinctColumnIndex: tabulateByPrecinct needs one"
        if document.output_settings.tabulate_by_batch and not source.batch_column_index:
            yield "batchColumnIndex: tabulateByBatch needs one"


def _candidate_faults(document: Document) -> Iterator[str]:
    seen: dict[str, tuple[int, str]] = {}
    labels = {
        label.lower()
        for s in document.cvr_file_sources
        for label in (s.overvote_label, s.skipped_rank_label, s.undeclared_write_in_label)
    }
    for place, candidate in enumerate(document.candidates, 1):
        if not candidate.name:
            yield f"candidates, number {place}, name: expected a name"
        for name in candidate.names:
            number, other = seen.setdefault(looks(name), (place, name))
            if number != place:
                again = "stands twice" if other == name else f"looks like {other!r}"
                yield f"candidates, number {place}: {name!r} {again}"
            if name.lower() in RESERVED:
                yield f"candidates, number {place}: {name!r} is a word that reports use"
            if name.lower() in labels:
                yield f"candidates, number {place}: {name!r} is a source's label"
    if not document.candidates:
        yield "candidates: expected at least one"
    elif all(candidate.excluded for candidate in document.candidates):
        yield "candidates: all are excluded"


def _rule_faults(document: Document) -> Iterator[str]:
    rules = document.rules
    yield from _one_of("rules.tiebreakMode", rules.tiebreak_mode, TIEBREAK_MODES)
    yield from _one_of("rules.overvoteRule", rules.overvote_rule, OVERVOTE_RULES)
    yield from _one_of("rules.winnerElectionMode", rules.winner_election_mode, ELECTION_MODES)
    drawn = rules.tiebreak_mode in DRAWN_MODES
    yield from _number("rules.randomSeed", rules.random_seed, -SEEDS, SEEDS - 1, required=drawn)
    if rules.max_rankings_allowed.lower() != "max":
        yield from _number(
            "rules.maxRankingsAllowed", rules.max_rankings_allowed, 1, MAX_INT, required=True, word="max"
        )
    if rules.max_skipped_ranks_allowed.lower() != "unlimited":
        skipped = rules.max_skipped_ranks_allowed
        yield from _number(
            "rules.maxSkippedRanksAllowed", skipped, 0, MAX_INT, required=True, word="unlimited"
        )
    yield from _number("rules.numberOfWinners", rules.number_of_winners, 0, MAX_INT, required=True)
    places = rules.decimal_places_for_vote_arithmetic
    yield from _number("rules.decimalPlacesForVoteArithmetic", places, 1, 20, required=True)
    yield from _number("rules.minimumVoteThreshold", rules.minimum_vote_threshold, 0, 1_000_000)
    percentage = rules.multi_seat_bottoms_up_percentage_threshold
    yield from _decimal("rules.multiSeatBottomsUpPercentageThreshold", percentage, 1, 100)
    early = rules.stop_tabulation_early_after_round
    yield from _number("rules.stopTabulationEarlyAfterRound", early, 1, MAX_INT)
    if re.fullmatch(r"\d{1,19}", rules.number_of_winners) and rules.winner_election_mode in ELECTION_MODES:
        yield from _mode_faults(document, int(rules.number_of_winners))


def _mode_faults(document: Document, winners: int) -> Iterator[str]:
    rules, mode = document.rules, document.rules.winner_election_mode
    by_percentage = mode == "bottomsUpUsingPercentageThreshold"
    if by_percentage and winners > 0:
        yield f"rules.numberOfWinners: expected 0 with winnerElectionMode {mode}, found {winners}"
    if winners == 0 and not by_percentage:
        yield f"rules.numberOfWinners: expected at least 1 with winnerElectionMode {mode}"
    if winners == 0 and not rules.multi_seat_bottoms_up_percentage_threshold:
        yield "rules.multiSeatBottomsUpPercentageThreshold: numberOfWinners 0 needs one"
    if (winners == 1) != (mode == "singleWinnerMajority") and winners > 0:
        yield f"rules.winnerElectionMode: {mode} does not fit numberOfWinners {winners}"
    one_by_one = winners <= 1 or mode == "multiPassIrv"
    for key, is_set in (
        ("continueUntilTwoCandidatesRemain", rules.continue_until_two_candidates_remain),
        ("batchElimination", rules.batch_elimination),
    ):
        if is_set and (not one_by_one or (by_percentage and key == "batchElimination")):
            yield f"rules.{key}: is for contests of one winner, and for multiPassIrv"
    for key, is_set in (
        ("nonIntegerWinningThreshold", rules.non_integer_winning_threshold),
        ("hareQuota", rules.hare_quota),
    ):
        if is_set and mode not in STV_MODES:
            yield f"rules.{key}: is for {' and '.join(STV_MODES)}"
    if rules.non_integer_winning_threshold and rules.hare_quota:
        yield "rules.hareQuota: excludes nonIntegerWinningThreshold"


def _one_of(key: str, value: str, allowed: tuple[str, ...]) -> Iterator[str]:
    if value not in allowed:
        yield f"{key}: expected one of {', '.join(allowed)}, found {value!r}"


def _number(
    key: str, value: str, least: int, most: int, *, required: bool = False, word: str = ""
) -> Iterator[str]:
    expected = f"expected {word + ' or ' if word else ''}a whole number from {least:,} to {most:,}"
    if not value:
        if required:
            yield f"{key}: {expected}"
    elif not re.fullmatch(r"-?\d{1,19}", value) or not least <= int(value) <= most:
        yield f"{key}: {expected}, found {value!r}"


def _decimal(key: str, value: str, least: int, most: int) -> Iterator[str]:
    if value and not (re.fullmatch(r"\d{1,19}(\.\d{0,19})?", value) and least <= Decimal(value) <= most):
        yield f"{key}: expected a number from {least:,} to {most:,}, found {value!r}"
