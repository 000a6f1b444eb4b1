"""Private parts of aiokafka that this system goes around.

Each module names the version in which its part was read, and leaves any other version as it is: everything works without,
only slower. `tests/unit/runtime/test_patches.py` fails as soon as the installed client's source is another one.
"""
