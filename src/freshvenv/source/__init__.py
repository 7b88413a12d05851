"""What is checked out: repositories, trees, snapshots of uncommitted work, and clean checkouts to build from."""
