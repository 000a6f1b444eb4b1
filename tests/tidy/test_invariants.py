"""The invariants that the simulator's mutants break stand in its README, each with the mutants that must die, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "simulation"
README = (FOLDER / "README.md").read_text()


def mutants() -> Iterator[tuple[str, str]]:
    """Yield what each mutant breaks and its name, as mutants.py says it: `Mutant(name, breaks, changes)`."""
    for node in ast.walk(ast.parse((FOLDER / "mutants.py").read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Mutant":
            name, breaks, *_ = map(ast.literal_eval, node.args[:2])
            yield from ((invariant, name) for invariant in breaks.split(", "))


def rows() -> Iterator[list[str]]:
    """Yield the cells of each row of the README's tables, without heads."""
    for line in README.splitlines():
        if line.startswith("| ") and not line.startswith(("| |", "| name")):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def listed() -> Iterator[tuple[str, str]]:
    """Yield what the README has: an invariant and a mutant that must die."""
    for first, *rest in rows():
        cell = next((cell for cell in rest if "mutants: " in cell), rest[-1])
        named = cell.partition("mutants: ")[2] if "mutants: " in cell else cell
        if not first.startswith("promise") or "mutants: " in cell:
            yield from ((first, name) for name in named.split("; "))


def test_each_mutant_is_listed_with_what_it_breaks_and_no_other() -> None:
    """In both directions."""
    cited = list(mutants())
    assert len(cited) > 25
    assert sorted(cited) == sorted(listed())


def test_the_invariants_are_those_of_the_code_and_of_the_promises() -> None:
    """I1 to I9 here, beside the checks, and where the project promises them."""
    here = [cells[0] for cells in rows() if re.fullmatch(r"I\d+", cells[0])]
    assert here == [f"I{number}" for number in range(1, 10)]
    assert re.findall(r"^(I\d+) ", (FOLDER / "invariants.py").read_text(), re.MULTILINE) == here
    assert re.findall(r"^\| (I\d+) \|", (ROOT / "shared" / "README.md").read_text(), re.MULTILINE) == here


def test_each_invariant_that_a_check_names_is_listed() -> None:
    """`hold(…, "I7 a gap is reported", …)` and `hold(…, "promise 3, …", …)`."""
    named = re.findall(r'"(I\d+|promise \d+)[ ,]', "".join(path.read_text() for path in FOLDER.glob("*.py")))
    assert {"I1", "I7", "promise 3"} <= set(named)
    assert set(named) <= {cells[0] for cells in rows()}


def test_all_ten_promises_are_listed() -> None:
    """In the words of shared/README.md's table, by number."""
    promised = re.findall(r"^\| (\d+) \|", (ROOT / "shared" / "README.md").read_text(), re.MULTILINE)
    assert [f"promise {number}" for number in promised] == [
        cells[0] for cells in rows() if cells[0].startswith("promise")
    ]
