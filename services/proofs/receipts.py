"""Receipts with proofs: what an elector can check offline, with nothing but a file, a voting code and the log's public key.

A receipt says where a ballot stands; its proof says how it was judged and leads from its leaf to a signed checkpoint of the
shard's tree. It shows that the ballot was accepted *at* its place, not that it counts now: a void is a leaf of its own, and it
never shows what is on the ballot (see shared.contract.leaves).
"""

from typing import Final, Literal

from pydantic import Field

from services.proofs.notes import BadNote, NamedKey, origin_of, read_checkpoint
from services.proofs.tree import BadProof, leaf_hash, root_from_inclusion
from shared.contract.codes import BadCode, commitment, parse_code
from shared.contract.elections import Frozen
from shared.contract.ids import BallotId, ElectionId, LogId
from shared.contract.leaves import leaf_of, who_digest
from shared.contract.verdicts import IN_WORDS, Reason

RECEIPT: Final = "receipt/1"
Digest = str
"""64 hexadecimal digits."""


class InclusionProof(Frozen):
    """The way from a ballot's leaf to a signed root."""

    leaf_index: int = Field(ge=0, description="Place of the leaf in the shard's tree")
    what: Digest = Field(description="Digest of section and rankings, salted")
    reason: Reason = Field(description="The verdict")
    hashes: tuple[Digest, ...] = Field(max_length=64, description="From the leaf up")
    checkpoint: str = Field(max_length=4_000, description="Signed note of size and root")


class Receipt(Frozen):
    """What an elector keeps."""

    type: Literal["receipt/1"] = RECEIPT
    log: LogId
    election: ElectionId
    ballot_id: BallotId
    shard: int = Field(ge=0)
    who: Digest = Field(description="Digest of log, election, the code's commitment and the ballot id")
    proof: InclusionProof | None = Field(None, description="None until a checkpoint covers the ballot")


class NotProved(Exception):
    """A receipt that does not prove what it says, and why."""


def check_receipt(receipt: Receipt, key: NamedKey, code: str | None = None) -> str:
    """Return what a receipt proves, in a sentence. With the voting code also that it is this elector's ballot.

    Raises NotProved.
    """
    if code is not None:
        try:
            own = commitment(receipt.log, receipt.election, parse_code(code))
        except (BadCode, ValueError) as fault:
            raise NotProved(str(fault)) from fault
        expected = who_digest(receipt.log, receipt.election, own, bytes.fromhex(receipt.ballot_id)).hex()
        if receipt.who != expected:
            raise NotProved("this receipt is not of a ballot that was cast with this voting code")
    if receipt.proof is None:
        raise NotProved("the receipt has no proof yet: look it up again in a few seconds")
    proof = receipt.proof
    leaf = leaf_of(bytes.fromhex(receipt.who), bytes.fromhex(proof.what), proof.reason)
    try:
        checkpoint = read_checkpoint(proof.checkpoint, key)
        if checkpoint.origin != origin_of(receipt.log, receipt.shard):
            raise NotProved(f"the checkpoint is of {checkpoint.origin}, not of this log and shard")
        hashes = [bytes.fromhex(found) for found in proof.hashes]
        root = root_from_inclusion(leaf_hash(leaf), proof.leaf_index, checkpoint.size, hashes)
    except (BadNote, BadProof, ValueError) as fault:
        raise NotProved(str(fault)) from fault
    if root != checkpoint.root:
        raise NotProved("the proof does not lead to the checkpoint's root")
    whose = "your ballot" if code is not None else "the ballot"
    verdict = IN_WORDS[proof.reason]
    return f"{whose} is record {proof.leaf_index} of {checkpoint.size} in shard {receipt.shard}: {verdict}"
