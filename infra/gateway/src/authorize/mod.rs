//! What authorizers of all API kinds share: policy evaluation and the cache of results.
