"""Listening with numbers: bands compared on held-out songs — people's own, a shuffled control, mma's, and ours."""
