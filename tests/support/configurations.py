"""A configuration of RCTab's that is written by hand, with the ballots it names."""

import json
from pathlib import Path
from typing import Any

NAMES = ("Ada", "Basil", "Clara")
BALLOTS = ("12", "1", "21", " 21", " 2")
"""Ballots as the CSV has them: for each candidate the rank that one has."""


def configured(folder: Path, ballots: tuple[str, ...] = BALLOTS, **rules: Any) -> Path:
    """Return a configuration of three candidates, and write its one source: a column a candidate."""
    source = folder / "tea_cvr.csv"
    lines = [f"{number},Hill,{','.join(ranks.ljust(3))}" for number, ranks in enumerate(ballots, 1)]
    source.write_text("\n".join([f"id,precinct,{','.join(NAMES)}", *lines]) + "\n")
    config = folder / "tea_config.json"
    config.write_text(json.dumps(configuration(source.name, rules)))
    return config


def configuration(source: str, rules: dict[str, Any]) -> dict[str, Any]:
    """Return what RCTab writes for such a contest."""
    return {
        "tabulatorVersion": "2.0.0",
        "outputSettings": {"contestName": "Who makes tea", "outputDirectory": "out"},
        "cvrFileSources": [
            {
                "filePath": source,
                "provider": "genericCsv",
                "firstVoteColumnIndex": "3",
                "firstVoteRowIndex": "2",
                "idColumnIndex": "1",
                "precinctColumnIndex": "2",
            }
        ],
        "candidates": [{"name": name, "excluded": False} for name in NAMES],
        "rules": {
            "tiebreakMode": "useCandidateOrder",
            "overvoteRule": "exhaustImmediately",
            "winnerElectionMode": "singleWinnerMajority",
            "numberOfWinners": "1",
            "maxSkippedRanksAllowed": "unlimited",
            "maxRankingsAllowed": "2",
            "decimalPlacesForVoteArithmetic": "4",
            "minimumVoteThreshold": "0",
            **rules,
        },
    }
