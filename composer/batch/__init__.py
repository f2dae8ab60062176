"""Corpora by the thousand: a plan, its pieces, the workers that make them, and the manifest that tells of each."""
