"""What other programs import: `livecount.client` follows a contest's standings."""
