"""How the shipped encoder was made: tokenizer, static vectors, init, distil, retrieve, export."""
