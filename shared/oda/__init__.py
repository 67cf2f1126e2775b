"""What an Office of Data Analytics pilot runs on: governance, notebooks, evaluation, reports."""
