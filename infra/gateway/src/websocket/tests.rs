//! Real sockets against the data plane.
