"""Who may come in: keys, and what each lets its holder do."""
