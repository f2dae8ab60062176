"""Playing a score through the sound card, with faders that move: the audio in a process of its own."""
