//! The `Conditions` section: evaluated when asked for, each once, cycles refused.

use super::error::{Owner, Place, did_you_mean};
use super::node::{Kind, Node};
use super::resolver::{Failed, Resolver};

/// How far a condition has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Being evaluated: whoever asks now is part of a circle.
    Pending,
    /// Reported already.
    Broken,
    Known(bool),
}

impl Resolver<'_> {
    /// Evaluates every condition, so that a broken one is found even if nothing uses it.
    pub(super) fn check_conditions(&self) {
        for (name, entry) in &self.template.conditions {
            // The outcome is kept; a failure is in the report.
            self.condition(name, entry.key_at).ok();
        }
    }

    /// Whether the condition of this name holds.
    pub(super) fn condition(&self, name: &str, at: Place) -> Result<bool, Failed> {
        match self.conditions.borrow().get(name) {
            Some(Outcome::Known(holds)) => return Ok(*holds),
            Some(Outcome::Broken) => return Err(Failed),
            Some(Outcome::Pending) => {
                self.report.error(at, format!("Circular dependency: the condition {name} depends on itself"));
                return Err(Failed);
            }
            None => {}
        }
        let Some(entry) = self.template.conditions.get(name) else {
            let hint = did_you_mean(name, self.template.conditions.keys().map(String::as_str));
            return self.fail(at, format!("there is no condition '{name}'{hint}"));
        };
        self.conditions.borrow_mut().insert(name.to_owned(), Outcome::Pending);
        let owner = Owner { logical_id: "Conditions", resource_type: "" };
        let holds = self.as_condition(|| self.in_section(owner, name, || self.evaluate(&entry.value)));
        let outcome = holds.as_ref().map_or(Outcome::Broken, |holds| Outcome::Known(*holds));
        self.conditions.borrow_mut().insert(name.to_owned(), outcome);
        holds
    }

    /// The value of a condition function.
    pub(super) fn evaluate(&self, node: &Node) -> Result<bool, Failed> {
        const SHAPE: &str = "a condition is one of Fn::Equals, Fn::And, Fn::Or, Fn::Not and Condition";
        let Some((name, entry)) = node.single_entry() else {
            return self.fail(node.at, SHAPE);
        };
        let argument = &entry.value;
        match name {
            "Condition" => match argument.as_text() {
                Some(name) => self.condition(name, argument.at),
                None => self.fail(argument.at, "Condition takes the name of a condition"),
            },
            "Fn::Equals" => {
                let [left, right] = self.arguments(argument, name, (2, 2), "two values")? else { return Err(Failed) };
                let (left, right) = (self.value(left, name)?, self.value(right, name)?);
                // `"3"` and `3` are equal, as all scalars are text to CloudFormation.
                Ok(match (left.scalar(), right.scalar()) {
                    (Some(left), Some(right)) => left == right,
                    _ => left.to_json() == right.to_json(),
                })
            }
            "Fn::Not" => {
                let [inner] = self.arguments(argument, name, (1, 1), "a list of one condition")? else {
                    return Err(Failed);
                };
                Ok(!self.evaluate(inner)?)
            }
            "Fn::And" | "Fn::Or" => {
                let items = self.arguments(argument, name, (2, 10), "a list of two to ten conditions")?;
                // Each is evaluated, whatever the first says: a mistake in the last must not wait to be met.
                let values: Vec<Result<bool, Failed>> = items.iter().map(|item| self.evaluate(item)).collect();
                let values = values.into_iter().collect::<Result<Vec<bool>, Failed>>()?;
                Ok(if name == "Fn::And" { values.iter().all(|value| *value) } else { values.contains(&true) })
            }
            _ => match self.value(node, "a condition")?.kind {
                Kind::Bool(value) => Ok(value),
                _ => self.fail(node.at, SHAPE),
            },
        }
    }
}
