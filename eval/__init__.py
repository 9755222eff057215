"""Scores of retrieval, answers, citations and refusals."""
