"""CrossCite beside what people would pick instead, on the same articles, questions and cores: `make bench`."""
