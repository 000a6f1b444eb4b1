"""The auditor's settings."""

from services.audit.ledger import LogIdentity
from shared.runtime.settings import Settings


class AuditSettings(Settings):
    """Those of every service: an audit needs no secret."""

    def identity(self) -> LogIdentity:
        """Return which log is meant. Raises ValueError if none is named."""
        self.require_log()
        return LogIdentity(self.log_id, self.root_key)
