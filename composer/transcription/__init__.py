"""Sound in, a melody out: recording → contour → notes → tempo and metre → Score."""
