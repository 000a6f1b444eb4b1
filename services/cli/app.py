"""The application that the rooms add their commands to. It imports nothing but typer."""

import typer

app = typer.Typer(
    help="Counts ranked-choice votes as they arrive.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
