//! What is derived from the clock and from Route 53's records.
