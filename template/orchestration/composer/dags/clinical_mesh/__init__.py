"""What the DAGs of the mesh are made of. Each DAG file beside this folder reads as its graph."""
