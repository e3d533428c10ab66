//! Key custody: providers, the three tiers of keys, their states and who may use them.
