"""Operator: the hand on an election. It gives orders, issues voting codes, watches the shards and certifies.

Rule 1: an order is done when its control stands in every shard; only then is it announced.
Rule 2: an order that failed halfway is repeated whole: a control that comes twice has its effect once.
"""
