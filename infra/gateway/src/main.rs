//! The command `ferrogate`.

fn main() {}
