"""The jam: a band that listens. Everything that happens is an item in one inbox, taken by one thread, the engine's.

ports → inbox → engine (transport, listening, schedule, ledger) → ports; the model plans bars in a process of its own,
sound is made in another. Times are seconds of the monotonic clock (`_s`), musical time is beats: quarter notes since the
first bar's downbeat, negative in the count-in.
"""
