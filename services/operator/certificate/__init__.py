"""The certificate as a document for people, HTML or PDF. It says what the log holds; the log is the proof."""
