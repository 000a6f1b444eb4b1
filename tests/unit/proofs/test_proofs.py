"""Trees, tiles, checkpoints and receipts: each against its definition, and every change of a receipt found, here and in JavaScript."""

import json
import random
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from services.proofs.notes import BadNote, Checkpoint, NamedKey, origin_of, read_checkpoint, signed_note
from services.proofs.receipts import InclusionProof, NotProved, Receipt, check_receipt
from services.proofs.tiles import WIDTH, TiledTree, tile_path
from services.proofs.tree import (
    BadProof,
    check_consistency,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_from_inclusion,
    root_hash,
)
from shared.contract.codes import commitment, parse_code
from shared.contract.leaves import leaf_of, who_digest
from shared.contract.verdicts import Reason
from tests.support.elections import LOG_ID, ROOT, ROOT_KEY, Life, election
from tests.support.proofs import FilesInMemory, ballot_salt, what_digest

TWIN = Path(__file__).parents[3] / "services/proofs/static/receipt.js"
KEY = NamedKey("livecount.test", ROOT_KEY)
LIFE = Life(election())
SIZES = (1, 2, 3, 7, 8, 70, WIDTH - 1, WIDTH, WIDTH + 1, 2 * WIDTH + 3)


def leaves(size: int) -> list[bytes]:
    """Return leaves that differ."""
    return [b"leaf %d" % number for number in range(size)]


def merkle_root(of: list[bytes]) -> bytes:
    """Return RFC 6962's MTH, by its definition."""
    if not of:
        return sha256(b"").digest()
    if len(of) == 1:
        return sha256(b"\x00" + of[0]).digest()
    split = 1
    while split * 2 < len(of):
        split *= 2
    return sha256(b"\x01" + merkle_root(of[:split]) + merkle_root(of[split:])).digest()


def tree_of(size: int) -> TiledTree:
    """Return a tree of so many leaves."""
    tree = TiledTree(FilesInMemory())
    for leaf in leaves(size):
        tree.add(leaf)
    return tree


@pytest.mark.parametrize("size", SIZES)
def test_a_root_is_rfc_6962s_and_each_leaf_leads_to_it(size: int) -> None:
    """For every leaf of trees within a tile, at its edge and over several; of another leaf the proof leads elsewhere."""
    tree = tree_of(size)
    root = root_hash(size, tree.node)

    assert root == merkle_root(leaves(size))
    for index in range(size):
        proof = inclusion_proof(index, size, tree.node)
        assert root_from_inclusion(leaf_hash(b"leaf %d" % index), index, size, proof) == root
        assert root_from_inclusion(leaf_hash(b"another"), index, size, proof) != root
        with pytest.raises(BadProof, match="too many"):
            root_from_inclusion(leaf_hash(b"leaf %d" % index), index, size, [*proof, root])


def test_an_older_tree_is_shown_to_be_the_beginning_and_a_fork_is_not() -> None:
    """Every pair of sizes up to 40, and some beyond a tile."""
    pairs = [(old, new) for new in range(1, 41) for old in range(1, new + 1)]
    for old, new in [*pairs, (WIDTH, 2 * WIDTH + 3), (WIDTH + 5, 2 * WIDTH)]:
        tree = tree_of(new)
        old_root, new_root = merkle_root(leaves(old)), merkle_root(leaves(new))
        proof = consistency_proof(old, new, tree.node)
        check_consistency(old, old_root, new, new_root, proof)
        with pytest.raises(BadProof):
            check_consistency(old, merkle_root([*leaves(old - 1), b"fork"]), new, new_root, proof)


def test_a_tree_goes_on_after_a_restart() -> None:
    """With its size and what is in no full tile yet; a tile that was lost is named."""
    kept, whole = FilesInMemory(), tree_of(2 * WIDTH + 3)
    first = TiledTree(kept)
    for leaf in leaves(WIDTH + 9):
        first.add(leaf)
    again = TiledTree(kept, first.partial(), first.size)
    for leaf in leaves(2 * WIDTH + 3)[WIDTH + 9 :]:
        again.add(leaf)

    assert root_hash(again.size, again.node) == root_hash(whole.size, whole.node)
    assert [path for path, _ in again.partial_tiles()] == ["tile/0/002.p/3", "tile/1/000.p/2"]
    kept.clear()
    with pytest.raises(LookupError, match="tile/0/000 is lost"):
        again.node(0, 5)


def test_a_tiles_path_has_its_number_in_groups_of_three() -> None:
    """As C2SP's tlog-tiles has it."""
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(1, 5, 17) == "tile/1/005.p/17"


def test_a_checkpoint_is_read_only_with_its_signers_key() -> None:
    """Another key, another name, another size: no."""
    note = signed_note(Checkpoint(origin_of(LOG_ID, 0), 3, b"r" * 32).text(), KEY, ROOT)

    assert read_checkpoint(note, KEY).size == 3
    for changed, known in (
        (note.replace("\n3\n", "\n4\n"), KEY),
        (note, NamedKey("somebody", ROOT_KEY)),
        (note, NamedKey(KEY.name, "0" * 64)),
        (note.partition("\n\n")[0], KEY),
    ):
        with pytest.raises(BadNote):
            read_checkpoint(changed, known)


def receipts() -> list[tuple[Receipt, str]]:
    """Return the receipts of eleven electors, and their codes."""
    made = []
    for elector in range(11):
        code = parse_code(LIFE.code(elector))
        who = who_digest(LOG_ID, "picnic", commitment(LOG_ID, "picnic", code), elector.to_bytes(16))
        what = what_digest(ballot_salt(b"salt", elector), 0, ("0>1", "1"))
        made.append((who, what, leaf_of(who, what, Reason.ACCEPTED)))
    tree = TiledTree(FilesInMemory())
    for _, _, leaf in made:
        tree.add(leaf)
    root = root_hash(tree.size, tree.node)
    checkpoint = signed_note(Checkpoint(origin_of(LOG_ID, 0), tree.size, root).text(), KEY, ROOT)
    return [
        (
            Receipt(
                log=LOG_ID,
                election="picnic",
                ballot_id=f"{place:032x}",
                shard=0,
                who=who.hex(),
                proof=InclusionProof(
                    leaf_index=place,
                    what=what.hex(),
                    reason=Reason.ACCEPTED,
                    hashes=tuple(found.hex() for found in inclusion_proof(place, tree.size, tree.node)),
                    checkpoint=checkpoint,
                ),
            ),
            LIFE.code(place),
        )
        for place, (who, what, _) in enumerate(made)
    ]


def changed(receipt: Receipt, rng: random.Random) -> Receipt:
    """Return a receipt that says something else than this one."""
    assert receipt.proof is not None
    proof = receipt.proof
    which = rng.randrange(6)
    digit = rng.randrange(64)

    def other(text: str) -> str:
        return text[:digit] + ("0" if text[digit] != "0" else "1") + text[digit + 1 :]

    if which == 0:
        return receipt.model_copy(update={"who": other(receipt.who)})
    if which == 1:
        return receipt.model_copy(update={"shard": 1})
    updates: dict[int, dict[str, object]] = {
        2: {"leaf_index": (proof.leaf_index + 1) % 11},
        3: {"what": other(proof.what)},
        4: {"reason": Reason.CLOSED},
        5: {"hashes": (*proof.hashes[:-1], other(proof.hashes[-1]))},
    }
    return receipt.model_copy(update={"proof": proof.model_copy(update=updates[which])})


def test_a_receipt_proves_its_place_and_every_change_of_it_is_found() -> None:
    """With the elector's own code also whose it is; without a proof it proves nothing yet."""
    rng = random.Random(1)
    made = receipts()
    for place, (receipt, code) in enumerate(made):
        assert check_receipt(receipt, KEY, code) == f"your ballot is record {place} of 11 in shard 0: counts"
        with pytest.raises(NotProved, match="not of a ballot that was cast with this voting code"):
            check_receipt(receipt, KEY, made[place - 1][1])
        with pytest.raises(NotProved, match="no proof yet"):
            check_receipt(receipt.model_copy(update={"proof": None}), KEY)
    for _ in range(500):
        with pytest.raises(NotProved):
            check_receipt(changed(rng.choice(made)[0], rng), KEY)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node to run the JavaScript twin")
def test_the_twin_in_javascript_finds_the_same() -> None:
    """Each receipt with its code is proved, and none of the changed ones is."""
    rng = random.Random(2)
    made = receipts()
    asked: list[tuple[object, str | None, bool]] = [
        (receipt.model_dump(mode="json"), code, True) for receipt, code in made
    ]
    asked += [(changed(rng.choice(made)[0], rng).model_dump(mode="json"), None, False) for _ in range(100)]
    program = f"""
import {{ readFileSync }} from "node:fs";
const {{ checkReceipt }} = await import({json.dumps("data:text/javascript,{}")}.replace("{{}}",
  encodeURIComponent(readFileSync({json.dumps(str(TWIN))}, "utf8"))));
const signer = {{ name: {json.dumps(KEY.name)}, key: {json.dumps(KEY.key)} }};
const found = [];
for (const [receipt, code] of JSON.parse(readFileSync(0, "utf8"))) {{
  try {{ await checkReceipt(receipt, signer, code); found.push(true); }} catch (fault) {{ found.push(false); }}
}}
console.log(JSON.stringify(found));
"""
    answer = subprocess.run(
        ["node", "--input-type=module", "-e", program],
        input=json.dumps([(receipt, code) for receipt, code, _ in asked]),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert json.loads(answer.stdout) == [proved for _, _, proved in asked]
