"""Planned changes of a workspace's files: products that are removed or get another name.

product_files, product_references ──► product_removal, product_rename, product_succession ──► change_plan
"""
