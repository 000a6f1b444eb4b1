"""The page that looks a receipt up and checks its proof in the browser: one file, which can be saved and run offline.

It holds the verifier (static/receipt.js), the log's public key, and verdicts in words. What an elector types stays in the page: only
the receipt's `who` is sent, to find the proof.
"""

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final

from shared.contract.verdicts import IN_WORDS

STATIC: Final = Path(__file__).parent / "static"


def receipt_page(key: str) -> tuple[str, str]:
    """Return the page of a log whose checkpoints are signed by this public key, and its Content-Security-Policy."""
    verifier = (STATIC / "receipt.js").read_text().replace("\nexport ", "\n")
    script = f"{verifier}\n{(STATIC / 'page.js').read_text()}"
    style = (STATIC / "page.css").read_text()
    words = {reason.value: said for reason, said in IN_WORDS.items()}
    about = json.dumps({"key": key, "words": words}).replace("<", "\\u003c")
    page = (STATIC / "receipt.html").read_text()
    for mark, content in (("STYLE", style), ("ABOUT", about), ("SCRIPT", script), ("KEY", key)):
        page = page.replace(f"@{mark}@", content)
    policy = (
        f"default-src 'none'; script-src {_source(script)}; style-src {_source(style)}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page, policy


def _source(content: str) -> str:
    """Return how a policy names an inline script or style."""
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"
