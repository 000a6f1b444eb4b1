"""`python -m services.operator`: run the operator until it is asked to stop."""

from services.operator.app import create_app
from services.operator.settings import OperatorSettings
from shared.runtime.process.worker import run_worker

if __name__ == "__main__":
    settings = OperatorSettings()
    run_worker(create_app(settings), "operator", settings)
