"""Every command that a document prints does what a reader expects: each document is read along, from top to bottom."""

from pathlib import Path

import pytest

from tests.support.readers import ROOT, commands, documents, read_along

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(300)]

READ_ALONG = [path for path in documents() if commands((ROOT / path).read_text())]


def test_the_readme_is_among_them() -> None:
    """Else nothing would be tried."""
    assert Path("README.md") in READ_ALONG


@pytest.mark.parametrize("document", READ_ALONG, ids=str)
def test_the_commands_work_as_printed(document: Path, tmp_path: Path) -> None:
    """In order, in one shell, in a fresh copy of the project."""
    read_along(document, tmp_path)


def test_a_command_that_fails_is_found(tmp_path: Path) -> None:
    """The reader stops at it, and says where it stands."""
    (tmp_path / "wrong.md").write_text(
        "# Wrong\n\n```sh\necho good\nlivecount no-such-command\necho never\n```\n"
    )

    with pytest.raises(AssertionError, match=r"(?s)good.*FAILED: line 5: livecount no-such-command") as found:
        read_along(tmp_path / "wrong.md", tmp_path)
    assert "never" not in str(found.value)
