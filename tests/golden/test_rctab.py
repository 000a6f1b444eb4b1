"""Every folder of RCTab's public test suite that is at hand: `livecount tabulate` writes what RCTab wrote.

Equal means: JSON equal but for the date it was made and who made it; CSV equal line by line but for that line.
"""

from pathlib import Path

import pytest

from tests.support.reference import FOLDER, RCTAB, data
from tests.support.reports import content
from tests.unit.cli.front import livecount


def expected_of(config: Path) -> dict[str, Path]:
    """Return the expected files by the names `tabulate` gives them, relative to its folder."""
    files = (path for path in config.parent.rglob("*expected*") if path.is_file())
    return {str(path.relative_to(config.parent)).replace("expected_", ""): path for path in files}


def expected_reports(config: Path) -> list[Path]:
    """Return the reports beside a configuration."""
    return list(config.parent.rglob("*expected*_report*"))


AT_HAND = {path.parent.name for path in FOLDER.glob("rctab/*/*_config.json") if expected_reports(path)}


@pytest.mark.parametrize("folder", sorted(AT_HAND | set(RCTAB)))
def test_a_contest_is_reported_as_rctab_does(folder: str, tmp_path: Path) -> None:
    """Reports of the whole contest, of its slices and its runs, and cast vote records with their rounds."""
    config = data("rctab", folder, f"{folder}_config.json")
    assert livecount("tabulate", str(config), "--out", str(tmp_path)).exit_code == 0
    assert expected_reports(config)
    for name, path in expected_of(config).items():
        assert content(tmp_path / name) == content(path), name


@pytest.mark.parametrize("form", ["cdf", "csv"])
def test_records_are_converted_as_rctab_converts_them(form: str, tmp_path: Path) -> None:
    """From NIST's common data format to itself, and to a generic CSV."""
    folder = data("rctab", "conversions_from_cdf")
    out = tmp_path / "converted"
    config = str(folder / "conversions_from_cdf_config.json")
    assert livecount("convert", config, "--to", form, "--out", str(out)).exit_code == 0
    expected = {
        "cdf": "conversions_from_cdf_expected_cdf_cvr.json",
        "csv": "conversions_from_cdf_expected.csv",
    }
    made = content(out.rename(out.with_suffix(Path(expected[form]).suffix)))
    if form == "cdf":
        selections = made["Election"][0]["Contest"][0]["ContestSelection"]
        aliases = [
            each for each in selections if each["@id"].removeprefix("cs-") != each["CandidateIds"][0][2:]
        ]
        assert len(aliases) == 5, "RCTab selects them, too, and does not say whose they are"
        selections[:] = [each for each in selections if each not in aliases]
    assert made == content(folder / expected[form])


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("invalid_params_test", ("rules.tiebreakMode", "rules.overvoteRule", "rules.maxRankingsAllowed")),
        ("invalid_sources_test", ("number 1, filePath: no such file", "number 3, filePath: expected a path")),
        ("max_ranking_enforcement", ("line 2", "expected ranks from 1 to 3", "found 4")),
    ],
)
def test_what_rctab_refuses_is_refused(folder: str, words: tuple[str, ...], tmp_path: Path) -> None:
    """Exit code 2, the place and what was expected on standard error, and nothing written."""
    config, out = data("rctab", folder, f"{folder}_config.json"), tmp_path / "out"
    result = livecount("tabulate", str(config), "--out", str(out))
    assert result.exit_code == 2
    assert all(word in result.stderr for word in words), result.stderr
    assert not out.exists()
