"""Composition root of proofs."""

from collections.abc import Sequence
from functools import partial

from starlette.applications import Starlette

from services.proofs.files import TreeFiles
from services.proofs.follow import Trees
from services.proofs.lookup import Covered, covered
from services.proofs.notes import NamedKey, origin_of
from services.proofs.routes import Api
from services.proofs.settings import ProofsSettings
from shared.contract.signing import public_key
from shared.contract.topics import COUNTS_PUBLISHED, MONITOR_SHARDS
from shared.runtime.disk import LocalDisk
from shared.runtime.kafka.reader import open_reader
from shared.runtime.kafka.sink import open_sink
from shared.runtime.process.health import Health
from shared.runtime.process.http import create_site
from shared.runtime.process.telemetry import Reporter
from shared.runtime.projection import Projection


def create_app(settings: ProofsSettings) -> Starlette:
    """Return the application. Raises ValueError if the log or the key is not named."""
    settings.require_log()
    files = tree_files(settings, settings.read_checkpoint_key())
    health = Health()
    trees = Trees(settings, files, health)
    standings: Projection[Covered] = Projection(
        partial(open_reader, settings.brokers), COUNTS_PUBLISHED.name(settings.namespace), covered
    )
    reporter = Reporter(
        lambda: open_sink(settings.brokers), MONITOR_SHARDS.name(settings.namespace), trees.reports
    )
    key = public_key(settings.read_checkpoint_key())
    routes = Api(settings, key, files, trees.live, standings.newest).routes()
    return create_site("proofs site", routes, health, [standings, trees, reporter])


def tree_files(settings: ProofsSettings, private: bytes) -> Sequence[TreeFiles]:
    """Return the files of every shard."""
    folder, key = settings.data_dir / "proofs" / settings.namespace, public_key(private)
    return [
        TreeFiles(
            folder / f"shard-{shard}", NamedKey(origin_of(settings.log_id, shard), key), private, LocalDisk()
        )
        for shard in range(settings.shards)
    ]
