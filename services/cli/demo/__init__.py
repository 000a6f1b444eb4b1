"""The demo: Labour's 2015 leadership and deputy leadership election, cast and counted live."""
