"""A certified result that is corrected is said to be: in headers, history and stream; of a budget the past has what was funded."""

from pathlib import Path

import httpx
import pytest

from services.results.course import Course
from shared.contract.codec import encode
from shared.contract.elections import Phase
from shared.contract.standings import Standing, Status
from shared.runtime.log import Keyed
from tests.support.budgets import spent
from tests.support.gateway import gateway
from tests.support.standings import standing

CONTEST = "/v1/elections/picnic/contests/fruit"
FIRST, SECOND = "1" * 32, "2" * 32


def certified(times: int, certificate: str | None) -> Standing:
    """Return a standing after the close, under a certificate or none."""
    status = Status.COMPLETE if certificate is None else Status.CERTIFIED
    found = standing(times, Phase.CLOSED)
    return found.model_copy(update={"certificate": certificate, "status": status})


BEFORE, SIGNED, LATER = certified(2, None), certified(3, FIRST), certified(4, FIRST)
OPENED, AGAIN = certified(5, None), certified(6, SECOND)


def kept(course: Course, *standings: Standing) -> None:
    """Keep standings, in this order."""
    for offset, of in enumerate(standings):
        course.note(Keyed(offset, f"{of.key}/{of.sequence}", encode(of), 10 * offset, 0))


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (1, 2, 1, 4, 3)])
def test_what_is_corrected_is_the_first_standing_of_the_newest_certificate_before(
    order: tuple[int, ...],
) -> None:
    """Whatever came twice or late; a standing under the same certificate corrects nothing."""
    course, all_five = Course(), (BEFORE, SIGNED, LATER, OPENED, AGAIN)
    kept(course, *[all_five[place] for place in order])

    def corrects(of: Standing) -> int | None:
        return course.corrects(of.key, of.sequence, of.certificate)

    assert [corrects(of) for of in all_five] == [None, None, None, SIGNED.sequence, SIGNED.sequence]
    reopened = certified(7, None)
    assert corrects(reopened) == AGAIN.sequence
    assert course.corrects("picnic/drink", 10**6, None) is None


def test_a_correction_is_a_message_of_its_own_and_names_what_it_corrects(tmp_path: Path) -> None:
    """In the header of its address, in the history, and in the stream before the standing; what was certified says nothing."""
    with gateway(tmp_path, SIGNED) as shown, httpx.Client(base_url=shown.url) as http:
        for at_ms, of in enumerate((BEFORE, SIGNED)):
            shown.keep(of, at_ms)
        assert "livecount-corrects" not in http.get(f"{CONTEST}/standings/latest").headers
        assert first_event(http).startswith(f"id: {SIGNED.sequence}\n")
        shown.show(AGAIN)
        shown.keep(AGAIN, 2)
        latest = http.get(f"{CONTEST}/standings/latest", headers={"Origin": "https://news.example"})
        assert latest.headers["livecount-corrects"] == str(SIGNED.sequence)
        assert "Livecount-Corrects" in latest.headers["access-control-expose-headers"]
        said = f'{{"sequence":{AGAIN.sequence},"corrects":{SIGNED.sequence}}}'
        assert first_event(http).startswith(
            f"event: correction\ndata: {said}\n\nid: {AGAIN.sequence}\nevent: standing\n"
        )
        listed = http.get(f"{CONTEST}/history").json()["kept"]
        assert [each.get("corrects") for each in listed] == [None, None, SIGNED.sequence]
        past = http.get(listed[1]["standing"])
        assert (past.content, past.headers.get("livecount-corrects")) == (encode(SIGNED), None)


def first_event(http: httpx.Client) -> str:
    """Return the beginning of a stream."""
    with http.stream("GET", f"{CONTEST}/stream") as stream:
        return next(stream.iter_text())


def test_the_past_of_a_budget_has_what_was_funded_and_no_report_of_rounds(tmp_path: Path) -> None:
    """What was spent stands in its history; RCTab's form is refused with a sentence that a script of any site can read."""
    town = spent()
    with gateway(tmp_path, town) as shown, httpx.Client(base_url=shown.url) as http:
        shown.keep(town, 1)
        path = f"/v1/elections/{town.election}/contests/{town.contest.id}"
        (only,) = http.get(f"{path}/history").json()["kept"]
        assert town.spending is not None
        assert only["spending"] == {
            "share": town.spending.share,
            "unspent": town.spending.unspent,
            "funded": [
                {"project": of.project, "supporters": of.supporters, "cost": of.cost}
                for of in town.spending.funded
            ],
            "not_funded": [
                {"project": of.project, "supporters": of.supporters} for of in town.spending.not_funded
            ],
        }
        for report in ("rctab.json", "rcvis.json", "rctab.json?run=2"):
            refused = http.get(f"{path}/{report}")
            assert refused.status_code == 404
            assert f"{path}/rounds.csv has a line for each project" in refused.json()["detail"]
            assert refused.headers["access-control-allow-origin"] == "*"
        assert http.get(f"{path}/rounds.csv").text.count("\n") == 1 + len(town.contest.candidates)
