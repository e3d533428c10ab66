//! Keys sealed to people and recorders: HPKE with a signature of who gives them.
