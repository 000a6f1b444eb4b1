"""What is sent to the operator: the form of each order, a signature, a sign-in.

A body has one reading: no key twice, no NaN, no number for a text or text for a number.
"""

import json
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from shared.contract.batches import MAX_BATCH_ELECTORS
from shared.contract.elections import Election, Official
from shared.contract.events import RollPart
from shared.contract.signing import PublicKey, Signature

PLAIN = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"
"""Text in one line that is shown as it is written: no control characters, no change of direction."""


def strictly(kind: Any) -> WrapValidator:
    """Return a validator that takes a part of a body only as its own types are written in JSON."""
    adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        found = handler(value)
        try:
            adapter.validate_json(json.dumps(value), strict=True)
        except ValidationError as fault:
            first = fault.errors()[0]
            path = ".".join(map(str, first["loc"]))
            raise PydanticCustomError(
                "strict", "{path}: {said}", {"path": path, "said": first["msg"]}
            ) from None
        return found

    return WrapValidator(check)


class OrderForm(BaseModel):
    """Who gives an order, and why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    by: str = Field(min_length=1, max_length=100, pattern=PLAIN, description="Who gives the order")
    reason: str = Field("", max_length=1000, pattern=PLAIN, description="Why, for the record")


class ConfigureForm(OrderForm):
    """A definition to freeze."""

    definition: Annotated[Election, strictly(Election)] = Field(strict=False)


class DueForm(OrderForm):
    """An order that may be signed ahead of its time."""

    due: AwareDatetime | None = Field(
        None, strict=False, description="When it is to be carried out; null: at once"
    )


class OpenForm(DueForm):
    """An opening: for which roll."""

    roll: Annotated[tuple[RollPart, ...], strictly(tuple[RollPart, ...])] = Field(
        min_length=1, max_length=1024, strict=False, description="For each shard"
    )


class ElectorsForm(OrderForm):
    """An order about an elector, a batch of them, or all of a section: one of the three."""

    elector: int | None = Field(None, ge=0, description="Number on the roll")
    electors: list[Annotated[list[int], Field(min_length=2, max_length=2)]] | None = Field(
        None,
        min_length=1,
        max_length=MAX_BATCH_ELECTORS,
        description="A batch: the first and last number of each run, rising, such as [[0, 119], [131, 131]]",
    )
    section: str | None = Field(None, max_length=48, description="Section id: all of its electors")


class ReissueForm(OrderForm):
    """A new voting code of an elector, by its commitment."""

    elector: int = Field(ge=0, description="Number on the roll")
    commitment: str = Field(pattern=r"^[0-9a-f]{20}$")


class CandidateForm(OrderForm):
    """An order about one candidate of a contest."""

    contest: str = Field(max_length=48, description="Contest id")
    candidate: str = Field(max_length=48, description="Candidate id")


class KeyForm(OrderForm):
    """A key that takes the place of another."""

    old: PublicKey
    new: Annotated[Official, strictly(Official)] = Field(strict=False)


class SignatureForm(BaseModel):
    """An official's signature of a proposal's payload."""

    model_config = ConfigDict(extra="forbid", strict=True)

    key: PublicKey
    signature: Signature


class SignInForm(BaseModel):
    """A signed challenge."""

    model_config = ConfigDict(extra="forbid", strict=True)

    challenge: str = Field(max_length=64)
    key: PublicKey
    signature: Signature
    signer: str = Field(
        "",
        pattern=r"^(http://127\.0\.0\.1:\d{1,5}/[A-Za-z0-9_-]{20,64})?$",
        description="Where the official's signer answers on their own machine",
    )
