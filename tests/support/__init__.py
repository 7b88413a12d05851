"""What the tests stand on: a sterile world, real repositories, the zoo of projects, the oracle."""
