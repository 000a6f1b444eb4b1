"""What stands in a PDF that ReportLab wrote."""

import re
import zlib
from base64 import a85decode


def text_of(pdf: bytes) -> list[list[str]]:
    """Return the texts of each page, in order."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    pages = [
        zlib.decompress(a85decode(stream.strip(), adobe=False) if not stream.startswith(b"x") else stream)
        for stream in (of.strip().removesuffix(b"~>") for of in streams)
    ]
    return [re.findall(r"\(((?:[^()\\]|\\.)*)\) Tj", page.decode("latin-1")) for page in pages]
