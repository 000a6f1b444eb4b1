"""A preview shows the ballot and the result of a definition by the very pages that electors and readers get."""

import httpx
import pytest

from services.cli.preview import Preview, sample_standing
from shared.contract.elections import Election
from shared.contract.standings import Status
from shared.rcv.definitions.files import check_text
from shared.rcv.definitions.templates import TEMPLATES, write_definition


def template(name: str) -> Election:
    """A template's definition."""
    value, found = check_text(write_definition(TEMPLATES[name], "club"), "definition")
    assert not found
    return Election.model_validate(value).model_copy(update={"epoch": "live"})


@pytest.mark.asyncio
@pytest.mark.parametrize("name", TEMPLATES)
async def test_ballot_and_result_of_each_template_are_drawn_and_marked(name: str) -> None:
    """Every candidate is on the ballot and in the result; a live election's preview is test data all the same."""
    election = template(name)
    shown = Preview(election)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(shown.ballot_site()), base_url="http://ballot"
    ) as http:
        ballot = await http.get("/vote/club/practice")
        assert (await http.post("/vote/club", data={"step": "cast"})).status_code == 404
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(shown.results_site()), base_url="http://results"
    ) as http:
        index = await http.get("/elections/club")
        results = [await http.get(f"/elections/club/contests/{of.id}") for of in election.contests]
    assert (ballot.status_code, index.status_code) == (200, 200)
    for contest, page in zip(election.contests, results, strict=True):
        assert page.status_code == 200
        assert "TEST DATA" in page.text
        for candidate in contest.candidates:
            assert candidate.name in ballot.text
            assert candidate.name in page.text


@pytest.mark.parametrize("name", TEMPLATES)
def test_made_up_votes_are_counted_to_the_end(name: str) -> None:
    """As after the close: somebody is elected, and every ballot is accounted for."""
    election = template(name)
    for contest in election.contests:
        standing = sample_standing(election, contest)
        assert standing.status is Status.COMPLETE
        assert standing.elected
        assert standing.balance.holds
        assert standing.balance.accepted == election.electors
