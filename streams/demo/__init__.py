"""The demonstration: a whole world through the whole stream, watched from outside, summed up."""
