"""Neural amplifiers: what a pedal or an amp does to a guitar, learned from a recording before and after it."""
