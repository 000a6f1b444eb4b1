"""Clients of the services' APIs, one each: whoever orders, casts or reads does it through them.

The commands, the demo, rehearsals, the chaos runs and benchmarks use the same three, so a lost answer is treated in one way.
"""
