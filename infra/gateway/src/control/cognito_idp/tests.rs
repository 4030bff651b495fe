//! As applications and their users call it: in JSON, the users' operations unsigned.

mod administration;
mod declared;
mod passwords;
mod sign_in;
mod sign_up;
mod support;
