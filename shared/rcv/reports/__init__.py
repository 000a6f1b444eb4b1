"""What a counted contest is reported in: the files of RCTab 2.0, equal to the character.

Rule 1: a report formats. What happened is read from the count and its trace; nothing is decided or counted anew.
Rule 2: pure but for `disk`: clocks and program names are handed in.
Rule 3: where RCTab's text depends on Java (the order of a hash table, the scale of a BigDecimal), the module that
        reproduces it says by which published rule.

RCTab: BrightSpots/rcv, version 2.0; facts from its OutputWriter, Tabulator and RoundTally, and from the expected files
of its public test suite.
"""
