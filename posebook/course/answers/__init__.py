"""What makes an answer right: one module for each chapter, one function for each exercise.

A function's parameters are variables of the notebook. It returns nothing for a right answer, raises
`NotAttempted` for an untouched one, and `Wrong` with the reason for any other.
"""
