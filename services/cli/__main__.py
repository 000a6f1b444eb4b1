"""`python -m services.cli` is `livecount`."""

from services.cli import main

main()
