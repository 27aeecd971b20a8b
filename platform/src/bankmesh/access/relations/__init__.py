"""The governed relation: the one way to the rows of a product, under a decision.

governed_relation   what a reader gets of a version: columns, types, batches, and a lazy frame over them
opaque_source       the source of that lazy frame, which shows nothing of what it reads
detached_batches    copies of batches that hold nothing beside what is seen
safe_predicates     the reader's conditions that cannot fail, and so may run before rows are hidden
"""
