"""Rules over facts, and the engine that runs them."""
