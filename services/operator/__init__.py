"""The operator's service: takes an officer's orders, issues voting codes, watches the shards and certifies.

An order is done when its control stands in every shard; only then is it announced. An order that failed half-way is given
again as a whole: a control that comes twice has its effect once. README.md says more.
"""
