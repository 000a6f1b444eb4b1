"""RCTab's configuration file as it is written: every key of version 2.0 and of those before it.

Rule 1: parsing forgives how a value is written: numbers and booleans may be text. `checks` judges what it says.
Rule 2: a key of an older version is read into today's place; a key nobody knows is passed over, as RCTab does.
"""

from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | int | float | str):
        return str(value).strip()
    raise ValueError("expected text or a number")


def _flag(value: Any) -> bool:
    text = _text(value).lower()
    if text not in {"", "true", "false"}:
        raise ValueError(f"expected true or false, found {value!r}")
    return text == "true"


def _listed(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [line.strip() for line in value.splitlines() if line.strip()]
    return [] if value is None else value


Text = Annotated[str, BeforeValidator(_text)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Absent = Annotated[str | None, BeforeValidator(lambda value: None if value is None else _text(value))]


class Keys(BaseModel):
    """Keys are camelCase in the file."""

    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True, populate_by_name=True)


class OutputSettings(Keys):
    """What reports are headed with, and which are asked for."""

    contest_name: Text = ""
    contest_date: Absent = None
    contest_jurisdiction: Absent = None
    contest_office: Absent = None
    tabulate_by_batch: Flag = False
    tabulate_by_precinct: Flag = False
    generate_cdf_json: Flag = False


class CvrSource(Keys):
    """A file or folder of cast vote records."""

    file_path: Text = ""
    contest_id: Text = ""
    first_vote_column_index: Text = ""
    first_vote_row_index: Text = ""
    id_column_index: Text = ""
    batch_column_index: Text = ""
    precinct_column_index: Text = ""
    overvote_delimiter: Text = ""
    provider: Text = ""
    overvote_label: Text = ""
    skipped_rank_label: Text = ""
    undeclared_write_in_label: Text = ""
    treat_blank_as_undeclared_write_in: Flag = False

    @model_validator(mode="before")
    @classmethod
    def _older_keys(cls, keys: Any) -> Any:
        renamed = _renamed(keys, {"undervoteLabel": "skippedRankLabel"})
        if not isinstance(renamed, dict) or not isinstance(provider := renamed.get("provider"), str):
            return renamed
        return {**renamed, "provider": _OLDER_PROVIDERS.get(_bare(provider), provider)}


class Candidate(Keys):
    """Somebody who can be ranked, and other names that records use."""

    name: Text = ""
    excluded: Flag = False
    aliases: Annotated[list[Text], BeforeValidator(_listed)] = Field(default_factory=list)
    code: Text = ""

    @property
    def names(self) -> list[str]:
        """The name, then everything else the candidate is called."""
        return [name for name in dict.fromkeys([self.name, *self.aliases, self.code]) if name]


class ContestRules(Keys):
    """How the contest is counted."""

    tiebreak_mode: Text = ""
    overvote_rule: Text = ""
    winner_election_mode: Text = ""
    random_seed: Text = ""
    number_of_winners: Text = ""
    multi_seat_bottoms_up_percentage_threshold: Text = ""
    decimal_places_for_vote_arithmetic: Text = ""
    minimum_vote_threshold: Text = ""
    max_skipped_ranks_allowed: Text = ""
    max_rankings_allowed: Text = ""
    non_integer_winning_threshold: Flag = False
    does_first_round_determine_threshold: Flag = False
    cutoff_elimination: Flag = False
    hare_quota: Flag = False
    batch_elimination: Flag = False
    continue_until_two_candidates_remain: Flag = False
    stop_tabulation_early_after_round: Text = ""
    exhaust_on_duplicate_candidate: Flag = False

    @model_validator(mode="before")
    @classmethod
    def _older_keys(cls, keys: Any) -> Any:
        renamed = _renamed(keys, {"stopTabulationEarlyAtRound": "stopTabulationEarlyAfterRound"})
        if not isinstance(renamed, dict):
            return renamed
        for key in ("winnerElectionMode", "tiebreakMode"):
            renamed = {**renamed, key: _OLDER_MODES.get(_text(renamed.get(key)), renamed.get(key))}
        return {**renamed, **_older_mode(renamed, _text(keys.get("winnerElectionMode")))}


class Document(Keys):
    """A whole configuration file."""

    tabulator_version: Text = ""
    output_settings: OutputSettings = Field(default_factory=OutputSettings)
    cvr_file_sources: Annotated[list[CvrSource], BeforeValidator(_listed)] = Field(default_factory=list)
    candidates: Annotated[list[Candidate], BeforeValidator(_listed)] = Field(default_factory=list)
    rules: ContestRules = Field(default_factory=ContestRules)

    @model_validator(mode="before")
    @classmethod
    def _labels_were_rules(cls, keys: Any) -> Any:
        """Until version 1.2 labels stood with the rules, once for all sources."""
        if not isinstance(keys, dict) or not isinstance(keys.get("rules"), dict):
            return keys
        labels = {key: keys["rules"][key] for key in _LABELS if keys["rules"].get(key)}
        sources = keys.get("cvrFileSources")
        if not labels or not isinstance(sources, list):
            return keys
        labelled = [{**source, **labels} if isinstance(source, dict) else source for source in sources]
        return {**keys, "cvrFileSources": labelled}


def _older_mode(keys: dict[str, Any], mode: str) -> dict[str, Any]:
    """Return the keys that an older [winnerElectionMode] stands for beside its name."""
    winners = _text(keys.get("numberOfWinners"))
    if mode in {
        "singleWinnerContinueUntilTwoCandidatesRemain",
        "singleSeatContinueUntilTwoCandidatesRemain",
    }:
        return {"continueUntilTwoCandidatesRemain": True}
    if mode == "standard":
        single = winners == "1"
        return {
            "winnerElectionMode": "singleWinnerMajority"
            if single
            else "multiWinnerAllowMultipleWinnersPerRound"
        }
    if mode == "multiSeatBottomsUp":
        by_percentage = winners == "0" or _text(keys.get("multiSeatBottomsUpPercentageThreshold"))
        return {"winnerElectionMode": "bottomsUpUsingPercentageThreshold" if by_percentage else "bottomsUp"}
    return {}


def _bare(provider: str) -> str:
    return "".join(sign for sign in provider.lower() if sign.isalpha())


def _renamed(keys: Any, names: dict[str, str]) -> Any:
    if not isinstance(keys, dict):
        return keys
    return {names.get(key, key): value for key, value in keys.items() if names.get(key) not in keys}


_LABELS: Final = (
    "overvoteLabel",
    "undervoteLabel",
    "undeclaredWriteInLabel",
    "treatBlankAsUndeclaredWriteIn",
    "overvoteDelimiter",
)

_OLDER_PROVIDERS: Final = {
    "cdf": "cdf",
    "clearballot": "clearBallot",
    "csv": "genericCsv",
    "dominion": "dominion",
    "ess": "ess",
    "genericcsv": "genericCsv",
    "hart": "hart",
}
"""By small letters: versions before 1.3 had the vendors' names, "ES&S" and "Clear Ballot"."""

_OLDER_MODES: Final = {
    "singleWinnerContinueUntilTwoCandidatesRemain": "singleWinnerMajority",
    "singleSeatContinueUntilTwoCandidatesRemain": "singleWinnerMajority",
    "multiSeatAllowOnlyOneWinnerPerRound": "multiWinnerAllowOnlyOneWinnerPerRound",
    "multiSeatAllowMultipleWinnersPerRound": "multiWinnerAllowMultipleWinnersPerRound",
    "multiSeatBottomsUpUntilNWinners": "bottomsUp",
    "multiSeatBottomsUpUsingPercentageThreshold": "bottomsUpUsingPercentageThreshold",
    "multiSeatSequentialWinnerTakesAll": "multiPassIrv",
    "interactive": "stopCountingAndAsk",
    "previousRoundCountsThenInteractive": "previousRoundCountsThenAsk",
    "usePermutationInConfig": "useCandidateOrder",
}
