"""Settings: what the project's tree would like, and what the user's own git configuration says."""
