"""What pages show: one frozen view for each part of a page, made of a standing. Every number is text, every word is chosen.

The templates lay a view out and know nothing else. All of it is pure.
"""
