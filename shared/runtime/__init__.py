"""The harness services run on: it follows, sends, saves and reports, and knows no word of the domain."""
