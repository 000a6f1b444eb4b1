"""A definition is looked at as a whole: every mistake, its line, and what was perhaps meant."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from shared.contract.elections import Election
from shared.contract.mistakes import find_mistakes
from shared.rcv.definitions.files import check_file, read_definition
from shared.rcv.definitions.templates import TEMPLATES, NewElection, distinct_ids, write_definition
from tests.support.elections import election
from tests.unit.cli.front import livecount

PLAUSIBLE = """id: Rowing Club
name: Rowing club
epoch: Test
voters: 30
sections:
  - {id: members, name: Members, electors: thirty}
contests:
  - id: chair
    name: Chair
    method: instant-runoff
    lot: "1"
    candidates: [Ada Lovelace, {id: basil, name: No}]
  - id: chair
    title: Board
    method: scotish-stv
    seats: 9
    lot: "1"
    candidates:
      - {id: clara, name: Clara Bow}
      - {id: clara, name: Dora Maar}
    rules:
      overvot: skip
"""
MEANT = {
    (1, "id", "rowing-club"),
    (1, "title", "title: Rowing club 2026"),
    (2, "name", "title"),
    (3, "epoch", "test"),
    (4, "voters", "sections say how many electors there are: [{id: members, name: Members, electors: 30}]"),
    (6, "sections[0].electors", ""),
    (8, "contests[0].title", "title: Rowing club 2026"),
    (9, "contests[0].name", "title"),
    (10, "contests[0].method", "irv"),
    (12, "contests[0].candidates[0]", "{id: ada-lovelace, name: Ada Lovelace}"),
    (13, "contests[1].id", "chair-2"),
    (15, "contests[1].method", "scottish-stv"),
    (16, "contests[1].seats", "2"),
    (20, "contests[1].candidates[1].id", "clara-2"),
    (22, "contests[1].rules.overvot", "overvote"),
}


def test_every_mistake_of_a_plausible_guess_is_shown_at_once(tmp_path: Path) -> None:
    """Fifteen mistakes in one attempt, each on its line with what was perhaps meant, and none beside them."""
    file = tmp_path / "club.yaml"
    file.write_text(PLAUSIBLE)
    found = {(line, of.where, of.suggestion) for line, of in check_file(file)[1]}
    assert found == MEANT

    answer = livecount("election", "check", file)
    assert answer.exit_code == 1
    assert len(answer.stderr.splitlines()) == len(MEANT) + 1
    assert f"{file}:16: contests[1].seats: expected at most as many seats as the 2" in answer.stderr
    refused = livecount("create", file)
    assert refused.exit_code == 2
    assert refused.stderr.startswith(f"livecount: {file}:1: id: expected small letters")
    assert f"and {len(MEANT) - 1} more: `livecount election check {file}`" in refused.stderr
    listed = json.loads(livecount("election", "check", file, "--json").stdout)["mistakes"]
    assert {(of["line"], of["path"], of["suggestion"]) for of in listed} == MEANT


def test_json_has_lines_too_and_escapes_of_its_own(tmp_path: Path) -> None:
    """Tabs and all; where only JSON knows an escape, the value still is what it says."""
    file = tmp_path / "club.json"
    file.write_text('{\n\t"id": "Club"}')
    assert [of.line for of in check_file(file)[1] if of.mistake.where == "id"] == [2]
    file.write_text('{"id": "club", "title": "\\ud83d\\ude00"}')
    assert read_definition(file).value == {"id": "club", "title": "😀"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x [1]\nb: *x", ":2: cannot be read: references"),
        ("a: [1\nb", ":2: cannot be read"),
        ("[" * 9000, "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    """With its line where there is one; references could stand for more than fits in memory."""
    file = tmp_path / "club.yaml"
    file.write_text(text)
    answer = livecount("election", "check", file)
    assert answer.exit_code == 2
    assert said in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_words_of_yaml_1_1_are_words(tmp_path: Path) -> None:
    """A candidate may be called No, a section 012; a field that stands twice is a mistake, not silently the last."""
    file = tmp_path / "club.yaml"
    file.write_text("name: No\nid: 012\nwhen: 2026-11-28\nname: Yes\nlive: true\nseats: 2\n")
    read = read_definition(file)
    assert read.value == {"name": "Yes", "id": "012", "when": "2026-11-28", "live": True, "seats": 2}
    assert [(of.where, of.expected) for of in read.misspelt] == [
        ("name", "expected this field once, found it again on line 4")
    ]


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_can_be_elected_and_fits_the_schema(name: str, tmp_path: Path) -> None:
    """As written, without an edit; its lots are drawn anew each time."""
    text = write_definition(TEMPLATES[name], "mine")
    (tmp_path / "mine.yaml").write_text(text)
    value, found = check_file(tmp_path / "mine.yaml")
    assert found == []
    definition = Election.model_validate(value)
    assert definition.epoch == "test"
    assert not definition.live_tallies
    assert text != write_definition(TEMPLATES[name], "mine")
    schema = json.loads(livecount("election", "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(text), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**value, "voters": 30}, schema)


def test_names_that_mean_something_to_yaml_stay_names(tmp_path: Path) -> None:
    """Quotes, hashes, colons, other scripts: written and read they are the same, and ids differ."""
    names = ("Ada: # \"quoted\" 'x'", "- no", "{a}", "Ada # quoted x", "李雷", "韩梅梅", "null")
    first = next(iter(TEMPLATES.values())).contests[0]
    contest = first.__class__("Chair: #1", "irv", names, about="x")
    (tmp_path / "odd.yaml").write_text(write_definition(NewElection("t: %", {"A: b": 3}, (contest,)), "odd"))
    value, found = check_file(tmp_path / "odd.yaml")
    assert found == []
    assert [of["name"] for of in value["contests"][0]["candidates"]] == list(names)
    assert len(set(distinct_ids(names))) == len(names)
    (tmp_path / "odd.yaml").write_text(write_definition(TEMPLATES["committee"], "2026"))
    assert check_file(tmp_path / "odd.yaml")[1] == []


def test_new_writes_once_and_says_how_to_go_on(tmp_path: Path) -> None:
    """It overwrites nothing."""
    file = tmp_path / "club.yaml"
    assert livecount("new", "club", "--template", "council", "--defaults", "--out", file).exit_code == 0
    assert (tmp_path / "election.schema.json").is_file()
    again = livecount("new", "club", "--defaults", "--out", file)
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    assert "no mistakes" in livecount("election", "check", file).stdout


def test_what_may_be_frozen_today_has_no_mistakes() -> None:
    """The checker refuses nothing that the types and the count allow."""
    assert find_mistakes(election().model_dump(mode="json")) == []
    assert [of.where for of in find_mistakes(None)] == ["definition"]


@pytest.mark.parametrize("written", [True, "30", 30.0, [30], {}, None, -1, 2**31, float("nan")])
def test_a_number_is_written_as_a_number(written: object) -> None:
    """What the operator's API would refuse is a mistake before: `electors: true` is not one elector."""
    value = election().model_dump(mode="json")
    value["sections"][0]["electors"] = written
    assert [of.where for of in find_mistakes(value)] == ["sections[0].electors"]


@pytest.mark.parametrize(
    ("place", "written"),
    [
        (("approvals",), True),
        (("live_tallies",), 1),
        (("smallest_group",), True),
        (("contests", 0, "seats"), True),
        (("contests", 0, "rules", "places"), True),
        (("contests", 0, "rules", "minimum_votes"), False),
        (("contests", 0, "rules", "batch_elimination"), "yes"),
        (("contests", 0, "candidates", 0, "excluded"), 0),
    ],
)
def test_truth_values_and_numbers_are_not_one_another(place: tuple[str | int, ...], written: object) -> None:
    """The same at every depth of a definition."""
    value = election().model_dump(mode="json")
    part: Any = value
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = written
    assert [of.path for of in find_mistakes(value)] == [place]


@pytest.mark.parametrize(
    ("changed", "where", "said"),
    [
        ({"candidates": 70, "sections": 20, "electors": 70}, "contests[0].candidates", "at most 900,000"),
        ({"candidates": 3, "sections": 1, "electors": 999_999_999}, "sections", "at most 8 GiB"),
    ],
)
def test_what_could_not_be_counted_is_a_mistake_with_its_line(
    tmp_path: Path, changed: dict[str, int], where: str, said: str
) -> None:
    """As the operator would refuse it: with the place and the bound."""
    lines = ["id: big", "title: Big", "epoch: test", "sections:"]
    lines += [
        f"  - {{id: s{n}, name: S{n}, electors: {changed['electors']}}}" for n in range(changed["sections"])
    ]
    lines += ["contests:", "  - id: c", "    title: C", "    method: irv", '    lot: "1"', "    candidates:"]
    lines += [f"      - {{id: candidate-number-{n}, name: A{n}}}" for n in range(changed["candidates"])]
    file = tmp_path / "big.yaml"
    file.write_text("\n".join(lines) + "\n")

    assert check_file(file)[1] == []
    ((line, mistake),) = check_file(file, tried=True)[1]
    assert mistake.where == where
    assert said in mistake.expected
    assert lines[line - 1].strip().startswith(where.rpartition(".")[2] + ":")
