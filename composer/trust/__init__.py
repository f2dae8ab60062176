"""Trust in weights: who signed them, what they learned from, which version made a file, and weights kept encrypted."""
