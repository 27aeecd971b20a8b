"""Planned changes of a workspace's files: products, landings and domains that are removed or renamed.

product_files, product_references ──► product_removal, product_rename, product_succession ──► change_plan
"""
