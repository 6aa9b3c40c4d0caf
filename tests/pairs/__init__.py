"""Systems that declare what they can do, and do none of it: for whatever is derived from capabilities alone."""
