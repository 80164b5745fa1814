"""How the synthetic people move: bodies, joints that bend so far, actions, and a fitted prior."""
