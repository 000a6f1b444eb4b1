"""The settings of proofs."""

from pathlib import Path

from pydantic import Field

from shared.runtime.settings import Settings

KEY_CHARS = 64


class ProofsSettings(Settings):
    """Adds the key that signs checkpoints, and how often."""

    port: int = Field(8106, ge=1, le=65535)
    checkpoint_key_file: Path | None = Field(
        None, description="Private key that signs checkpoints; if unset, data_dir/keys/checkpoint.key"
    )
    checkpoint_ms: int = Field(
        1_000, ge=10, le=60_000, description="A tree that has grown is signed anew after so long"
    )
    max_lookups: int = Field(16, ge=1, le=1_000, description="Receipts looked up at once; more are put off")

    def read_checkpoint_key(self) -> bytes:
        """Return the private key. Raises ValueError that names the file if there is none."""
        path = self.checkpoint_key_file or self.data_dir / "keys" / "checkpoint.key"
        try:
            private = bytes.fromhex(path.read_text().strip())
        except (OSError, ValueError) as fault:
            raise ValueError(f"{path}: expected a private key of 64 hexadecimal digits ({fault})") from fault
        if len(private) * 2 != KEY_CHARS:
            raise ValueError(f"{path}: expected a private key of {KEY_CHARS} hexadecimal digits")
        return private
