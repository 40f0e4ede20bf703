"""The rooms: one folder for each thing that a user manages, the same few files in each."""
