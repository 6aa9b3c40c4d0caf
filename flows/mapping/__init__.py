"""The language of field mappings: which source field fills which target field, in a closed and safe way.

Pure: no Django, no I/O. An expression reads declared fields of one record and nothing else; it has no loops, no names of its
own and no way to the program around it; and all that it can raise is `flows.mapping.errors.MappingError`.
"""
