"""What services share: the language they speak (`contract`) and the harness they run on (`runtime`).

Rule 1: `contract` admits what a rewrite in another language would need, and nothing that does I/O.
Rule 2: `runtime` admits what knows no word of the domain.
Rule 3: nothing else gets in, and a module enters with its second user.
"""
