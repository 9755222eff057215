"""Question sets and runs in the formats of others: BEIR, TREC, ragas, SQuAD (XQuAD, MLQA) and MKQA.

`python -m eval.formats` is the command. A reader gives a `Bundle`: questions, and the articles they are about where the
format has them. A writer takes questions, and what else the format wants.
"""
