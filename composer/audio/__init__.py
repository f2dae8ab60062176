"""Score → stems → mix → file: FluidSynth plays, the mixer balances, wav writes."""
