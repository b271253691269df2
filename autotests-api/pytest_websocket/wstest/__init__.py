"""The command ``wstest``: the reference suite's protocol, numbers, files and words, in both modes."""
