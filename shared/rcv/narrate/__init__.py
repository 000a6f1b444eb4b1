"""A count in words, tables and JSON: one place for page, terminal, commands and documents. Pure.

`counted` gives what is narrated; `words` and `numbers` give its parts; `sentences`, `tables`, `document` and `explain`
make the whole. Whoever shows it (`services.results.views`, `services.cli.terminal`) only lays it out.
"""
