//! A value that its copies share until one of them changes it.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Reads as the value itself. A copy costs nothing; a change to it leaves the other copies as they were.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shared<T>(Arc<T>);

impl<T> Shared<T> {
    /// Whether both are copies of one value that neither has changed since.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Shared(Arc::new(value))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_reaches_no_other_copy() {
        let first = Shared::from("a".to_owned());
        let mut second = first.clone();
        assert!(first.is_same(&second));
        second.push('b');
        assert_eq!((first.as_str(), second.as_str(), first.is_same(&second)), ("a", "ab", false));
        assert_eq!(serde_json::to_string(&second).unwrap(), r#""ab""#);
    }
}
