"""What freshvenv costs beside what people would use instead: ``python -m benchmarks``."""
