"""sql"""

from bankmesh.lineage.sql.reading import lineage_of_query
