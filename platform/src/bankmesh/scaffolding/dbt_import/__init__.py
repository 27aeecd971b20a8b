"""Import of a foreign dbt project: its models, tests and sources become the products of a domain.

plain_dbt ──► foreign_project ──► source_drafts, contract_drafts, model_files, project_files ──► import_plan
"""
