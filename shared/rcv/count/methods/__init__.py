"""How each method goes: one file a statute, and one for all methods by thresholds with the rulebook they share."""
