"""RCTab's contest configuration, version 2.0 and those before it: the contest, its rules, and where its records are."""

from shared.rcv.formats.rctab.configuration import Configuration, contest_of, load
from shared.rcv.formats.rctab.records import read_records

__all__ = ["Configuration", "contest_of", "load", "read_records"]
