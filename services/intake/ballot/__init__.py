"""The ballot that people see: from a voting code to a receipt, with a script and without one. See README.md."""
