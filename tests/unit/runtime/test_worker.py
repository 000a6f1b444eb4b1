"""A stream service's process: Faust's worker, with the logs of every other service."""

import subprocess
import sys

LOGS_OF_A_WORKER = """
import logging
from services.counting.app import create_app
from services.counting.settings import CountingSettings
from shared.runtime.process.worker import Worker
settings = CountingSettings()
worker = Worker(create_app(settings), "counting", settings)
worker._setup_logging()
client = logging.getLogger("aiokafka.conn")
client.warning("a broker is away")
print(client.isEnabledFor(logging.INFO), worker.spinner)
"""


def test_a_worker_makes_no_lines_of_what_libraries_say_for_debugging() -> None:
    """Faust would, for each request to Kafka, to turn the spinner of a terminal."""
    done = subprocess.run(
        [sys.executable, "-c", LOGS_OF_A_WORKER], capture_output=True, timeout=60, check=True
    )
    assert done.stdout.split() == [b"False", b"None"]
    assert done.stderr == b"aiokafka.conn a broker is away\n"
