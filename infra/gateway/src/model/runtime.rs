//! The names of Lambda's runtimes: `provided.al2023`, `python3.12`, `nodejs22.x`.

/// What runs the code of a runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuntimeFamily {
    /// The package's own executable `bootstrap`.
    Provided,
    /// `python3.*`
    Python,
    /// `nodejs*.x`
    Node,
}

/// A runtime of a kind that Ferrogate runs, if the machine has its interpreter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Runtime {
    /// As AWS writes it.
    pub name: String,
    /// What runs it.
    pub family: RuntimeFamily,
    /// The version that counts for compatibility: 12 of `python3.12`, 22 of `nodejs22.x`; 0 of `provided.*`.
    pub version: u32,
}

impl Runtime {
    /// Reads a runtime's name. `None` for one that is not run here, such as `java21`.
    pub fn parse(name: &str) -> Option<Runtime> {
        let version = |digits: &str| digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let (family, version) = if name == "provided" || name.starts_with("provided.") {
            (RuntimeFamily::Provided, Some(0))
        } else if let Some(minor) = name.strip_prefix("python3.") {
            (RuntimeFamily::Python, version(minor))
        } else if let Some(major) = name.strip_prefix("nodejs").and_then(|rest| rest.strip_suffix(".x")) {
            (RuntimeFamily::Node, version(major))
        } else {
            return None;
        };
        Some(Runtime { name: name.to_owned(), family, version: version? })
    }

    /// Whether it runs on an interpreter of this machine.
    pub fn is_interpreted(&self) -> bool {
        self.family != RuntimeFamily::Provided
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_others_are_none() {
        for (name, family, version) in [
            ("provided.al2023", RuntimeFamily::Provided, 0),
            ("provided", RuntimeFamily::Provided, 0),
            ("python3.8", RuntimeFamily::Python, 8),
            ("python3.13", RuntimeFamily::Python, 13),
            ("nodejs18.x", RuntimeFamily::Node, 18),
        ] {
            assert_eq!(Runtime::parse(name), Some(Runtime { name: name.to_owned(), family, version }));
        }
        for name in
            ["go1.x", "java21", "ruby3.3", "dotnet8", "python2.7", "python3.x", "nodejs", "nodejs4.3", "", "nodejs+8.x"]
        {
            assert_eq!(Runtime::parse(name), None);
        }
    }
}
