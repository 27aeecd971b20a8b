"""The index of the catalog: its tables, what fills them, and its connection."""
