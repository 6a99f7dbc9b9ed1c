"""From what a pupil's year weighs and what one machine does, to an académie and to France."""
