"""Figures as people read them."""


def size(number: float) -> str:
    """Return so many bytes in the largest unit that leaves a whole one."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:,.0f} {unit}"
        number /= 1000
    return f"{number:,.1f} TB"
