//! Roles.

/// What a user may do beyond what everybody may with their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Sees and changes what is their own.
    User,
    /// Sees and changes what is anybody's.
    Admin,
}

impl Role {
    /// The role by this name. Every name but `admin` is a plain user's: an unknown role gives no rights.
    pub fn named(name: &str) -> Self {
        if name == "admin" { Role::Admin } else { Role::User }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Admin => "admin",
        }
    }
}
