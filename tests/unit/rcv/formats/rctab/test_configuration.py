"""RCTab's configuration: every version of it is read, every fault is named, every switch reaches the rules."""

import json
from pathlib import Path
from typing import Any

import pytest

from shared.contract.elections import Contest
from shared.rcv.formats.rctab.configuration import contest_of, load
from shared.rcv.formats.rctab.document import Document
from shared.rcv.formats.records import FormatError

RULES = {
    "tiebreakMode": "useCandidateOrder",
    "overvoteRule": "exhaustImmediately",
    "winnerElectionMode": "singleWinnerMajority",
    "numberOfWinners": "1",
    "decimalPlacesForVoteArithmetic": "4",
    "maxSkippedRanksAllowed": "1",
    "maxRankingsAllowed": "3",
}
SOURCE = {
    "filePath": "cvr.csv",
    "provider": "genericCsv",
    "firstVoteColumnIndex": "2",
    "firstVoteRowIndex": "2",
}


def written(folder: Path, *, source: dict[str, Any] | None = None, **rules: Any) -> Path:
    """Return a sound configuration's file, with some keys changed."""
    (folder / "cvr.csv").write_text("id,Ann,Bob\n1,1,2\n")
    config = folder / "fruit_config.json"
    document = {
        "tabulatorVersion": "2.0.0",
        "outputSettings": {"contestName": "Fruit"},
        "cvrFileSources": [{**SOURCE, **(source or {})}],
        "candidates": [{"name": "Ann", "aliases": ["A"]}, {"name": "Bob"}],
        "rules": {**RULES, **rules},
    }
    config.write_text(json.dumps(document))
    return config


def contest(folder: Path, **rules: Any) -> Contest:
    """Return the contest of a configuration."""
    return contest_of(load(written(folder, **rules)))


@pytest.mark.parametrize("provider", ["csv", "CSV", "Generic CSV", "genericCSV"])
def test_older_words_are_read_and_said(tmp_path: Path, provider: str) -> None:
    """A vendor's name for the provider, a mode's or a tie's older name; today's words are not mentioned."""
    path = written(
        tmp_path, source={"provider": provider}, winnerElectionMode="standard", tiebreakMode="interactive"
    )
    assert load(path).remarks == [
        f"cvrFileSources, number 1, provider {provider!r} of an older version of RCTab is read as genericCsv",
        "rules.winnerElectionMode 'standard' of an older version of RCTab is read as singleWinnerMajority",
        "rules.tiebreakMode 'interactive' of an older version of RCTab is read as stopCountingAndAsk",
    ]
    assert load(written(tmp_path)).remarks == []


@pytest.mark.parametrize(
    ("provider", "today"),
    [("ES&S", "ess"), ("Clear Ballot", "clearBallot"), ("Dominion", "dominion"), ("Hart", "hart"), ("CDF", "cdf")],
)  # fmt: skip
def test_a_vendors_name_is_a_provider(tmp_path: Path, provider: str, today: str) -> None:
    """As it stood before version 1.3."""
    source = {**SOURCE, "provider": provider, "filePath": "cvr.csv"}
    assert Document.model_validate({"cvrFileSources": [source]}).cvr_file_sources[0].provider == today


def test_a_sound_configuration_gives_the_contest(tmp_path: Path) -> None:
    """Title, method, seats, candidates and what its reports' names begin with."""
    config = load(written(tmp_path))
    of = contest_of(config)
    assert (of.title, of.method, of.seats, config.stem) == ("Fruit", "irv", 1, "fruit")
    assert [candidate.name for candidate in of.candidates] == ["Ann", "Bob"]
    assert (of.rules.max_ranks, of.rules.max_skipped_ranks, of.rules.ties) == (3, 1, "candidate-order")


@pytest.mark.parametrize(
    ("rules", "method", "seats"),
    [
        ({"winnerElectionMode": "multiPassIrv", "numberOfWinners": 2}, "sequential-irv", 2),
        ({"winnerElectionMode": "bottomsUp", "numberOfWinners": 2}, "bottoms-up", 2),
        (
            {"winnerElectionMode": "multiWinnerAllowOnlyOneWinnerPerRound", "numberOfWinners": 2},
            "stv-wigm",
            2,
        ),
        ({"winnerElectionMode": "standard", "numberOfWinners": 2}, "stv-wigm", 2),
        ({"winnerElectionMode": "standard"}, "irv", 1),
        (
            {"winnerElectionMode": "multiSeatSequentialWinnerTakesAll", "numberOfWinners": "3"},
            "sequential-irv",
            3,
        ),
        (
            {
                "winnerElectionMode": "multiSeatBottomsUp",
                "numberOfWinners": 0,
                "multiSeatBottomsUpPercentageThreshold": "15",
            },
            "bottoms-up",
            0,
        ),
    ],
)
def test_each_mode_is_a_method(tmp_path: Path, rules: dict[str, Any], method: str, seats: int) -> None:
    """Those of version 2.0 and those of before; a number may be text."""
    of = contest(tmp_path, **rules)
    assert (of.method, of.seats) == (method, seats)


@pytest.mark.parametrize(
    ("rules", "switch", "value"),
    [
        ({"overvoteRule": "alwaysSkipToNextRank"}, "overvote", "skip"),
        ({"overvoteRule": "exhaustIfMultipleContinuing"}, "overvote", "exhaust-if-several-continue"),
        ({"maxSkippedRanksAllowed": "unlimited"}, "max_skipped_ranks", None),
        ({"maxRankingsAllowed": "max"}, "max_ranks", None),
        ({"exhaustOnDuplicateCandidate": "True"}, "repeated_candidate", "exhaust"),
        ({"continueUntilTwoCandidatesRemain": True}, "finish", "last-two"),
        ({"winnerElectionMode": "singleWinnerContinueUntilTwoCandidatesRemain"}, "finish", "last-two"),
        ({"batchElimination": True}, "batch_elimination", True),
        ({"minimumVoteThreshold": "7"}, "minimum_votes", 7),
        ({"stopTabulationEarlyAfterRound": 2}, "stop_after_round", 2),
        ({"doesFirstRoundDetermineThreshold": True}, "first_round_threshold", True),
        ({"decimalPlacesForVoteArithmetic": 9}, "places", 9),
        ({"tiebreakMode": "random", "randomSeed": "-5"}, "ties", "random"),
        ({"tiebreakMode": "generatePermutation", "randomSeed": 5}, "ties", "permutation"),
        ({"tiebreakMode": "previousRoundCountsThenAsk"}, "ties", "earlier-rounds-then-ask"),
        ({"tiebreakMode": "usePermutationInConfig"}, "ties", "candidate-order"),
    ],
)
def test_each_switch_reaches_the_rules(
    tmp_path: Path, rules: dict[str, Any], switch: str, value: Any
) -> None:
    """Named as in RCTab, said in our words."""
    assert getattr(contest(tmp_path, **rules).rules, switch) == value


def test_undeclared_write_ins_are_a_candidate_where_a_source_can_name_one(tmp_path: Path) -> None:
    """Last on the ballot, and never elected."""
    of = contest_of(load(written(tmp_path, source={"undeclaredWriteInLabel": "UWI"})))
    assert (of.candidates[-1].name, of.candidates[-1].write_in) == ("Undeclared Write-ins", True)


def test_labels_stood_with_the_rules_once() -> None:
    """Version 1.2: one label for all sources."""
    keys = {
        "cvrFileSources": [{**SOURCE, "overvoteLabel": ""}],
        "rules": {"overvoteLabel": "over", "undervoteLabel": "under"},
    }
    (source,) = Document.model_validate(keys).cvr_file_sources
    assert (source.overvote_label, source.skipped_rank_label) == ("over", "under")


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"tiebreakMode": "coin"}, "rules.tiebreakMode: expected one of random"),
        ({"tiebreakMode": "random"}, "rules.randomSeed: expected a whole number"),
        (
            {"numberOfWinners": 2},
            "rules.winnerElectionMode: singleWinnerMajority does not fit numberOfWinners 2",
        ),
        ({"numberOfWinners": 0}, "rules.numberOfWinners: expected at least 1"),
        ({"maxRankingsAllowed": 0}, "rules.maxRankingsAllowed: expected max or a whole number from 1"),
        ({"maxSkippedRanksAllowed": "some"}, "rules.maxSkippedRanksAllowed: expected unlimited or"),
        ({"hareQuota": True}, "rules.hareQuota: is for multiWinner"),
        ({"decimalPlacesForVoteArithmetic": 21}, "from 1 to 20, found '21'"),
        (
            {"winnerElectionMode": "bottomsUp", "numberOfWinners": 2, "batchElimination": True},
            "rules.batchElimination: is for contests of one winner",
        ),
    ],
)
def test_a_fault_of_the_rules_is_named_by_its_key(tmp_path: Path, rules: dict[str, Any], said: str) -> None:
    """And what was expected there."""
    with pytest.raises(FormatError) as refused:
        load(written(tmp_path, **rules))
    assert said in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path / "fruit_config.json"))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"filePath": ""}, "filePath: expected a path"),
        ({"filePath": "nowhere.csv"}, "no such file or folder: nowhere.csv"),
        ({"provider": "abacus"}, "provider: expected one of cdf, clearBallot"),
        ({"firstVoteColumnIndex": ""}, "firstVoteColumnIndex: expected a whole number"),
        ({"provider": "hart"}, "contestId: a hart source needs one"),
        ({"overvoteLabel": "over", "skippedRankLabel": "Over"}, "'Over' is the overvoteLabel as well"),
        ({"overvoteLabel": "over", "overvoteDelimiter": "|"}, "one of them is enough"),
        ({"overvoteDelimiter": "and"}, "expected a sign that no name holds"),
        ({"undeclaredWriteInLabel": "Bob"}, "'Bob' is a source's label"),
    ],
)
def test_a_fault_of_a_source_is_named_by_its_number(
    tmp_path: Path, source: dict[str, Any], said: str
) -> None:
    """And its key."""
    with pytest.raises(FormatError, match=r"number \d") as refused:
        load(written(tmp_path, source=source))
    assert said in str(refused.value)


def test_names_that_look_alike_and_keys_that_stand_twice_are_refused(tmp_path: Path) -> None:
    """A candidate may have both spellings of a name as aliases."""
    config = written(tmp_path)
    sound = config.read_text()
    config.write_text(sound.replace('"Bob"', '"Zo\\u00eb", "aliases": ["Zoe\\u0308"]'))
    assert load(config).document.candidates[1].names == ["Zo\u00eb", "Zoe\u0308"]
    config.write_text(sound.replace('"Ann"', '"Zo\\u00eb"').replace('"Bob"', '"Zoe\\u0308"'))
    with pytest.raises(FormatError, match="candidates, number 2: 'Zoe\u0308' looks like 'Zo\u00eb'"):
        load(config)
    config.write_text(
        sound.replace('"numberOfWinners": "1"', '"numberOfWinners": "1", "numberOfWinners": "2"')
    )
    with pytest.raises(
        FormatError, match="expected each key of an object once, found 'numberOfWinners' again"
    ):
        load(config)


def test_what_is_no_json_is_reported(tmp_path: Path) -> None:
    """With the place in the file."""
    (tmp_path / "x_config.json").write_text('{"rules": ')
    with pytest.raises(FormatError, match="expected JSON"):
        load(tmp_path / "x_config.json")
