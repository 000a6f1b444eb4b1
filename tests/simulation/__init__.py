"""The real state machines on the real harness, over a simulated log, disk and clock: a seed decides everything."""
