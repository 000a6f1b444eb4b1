"""Private parts of uvicorn that this system goes around.

Each module names what it relies on. Bounds on connections are kept with any version; an `Overload` is held to by the protocol in
the versions that were read (`overload_protocol.READ_IN`), and by middleware in any other. `tests/unit/runtime/test_patches.py`
fails as soon as the installed server's source is another one.
"""
