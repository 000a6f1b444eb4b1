"""Arguments and options that commands of several rooms take."""

from typing import Annotated, Final

import typer

RESULTS_URL: Final = "http://127.0.0.1:8100"
INTAKE_URL: Final = "http://127.0.0.1:8101"

ElectionArgument = Annotated[str, typer.Argument(metavar="ID", help="Election id, such as labour-2015")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON")]
ResultsUrl = Annotated[
    str, typer.Option("--results", envvar="LIVECOUNT_RESULTS_URL", help="Where results are served")
]
IntakeUrl = Annotated[
    str, typer.Option("--intake", envvar="LIVECOUNT_INTAKE_URL", help="Where electors vote, for their links")
]
