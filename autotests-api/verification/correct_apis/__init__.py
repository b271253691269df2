"""Correct servers of APIs that are no plain echo, each with the profile by which the suite tests it.

No case may be red on one of them. ``python -m verification.correct_apis NAME`` starts one.
"""
