//! What `Ref`, `Fn::GetAtt` and `${…}` stand for: pseudo parameters, parameters, resources, and the resources that
//! SAM makes (`ApiProdStage`, `FunctionRole`, `Api.Stage`).

use super::error::{Place, did_you_mean};
use super::identity::Identity;
use super::node::Node;
use super::resolver::{Failed, Resolved, Resolver};
use super::sam::usage_plan;
use super::sections::Resource;

/// The names that begin with `AWS::`.
pub(super) const PSEUDO_PARAMETERS: &[&str] = &[
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

impl Resolver<'_> {
    /// `Ref`
    pub(super) fn reference(&self, argument: &Node) -> Resolved {
        match argument.as_text() {
            Some(name) => self.look_up(name, argument.at, &[]),
            None => self.fail(argument.at, "Ref takes a name"),
        }
    }

    /// `Fn::GetAtt`, both forms.
    pub(super) fn get_att(&self, argument: &Node) -> Resolved {
        const SHAPE: &str = "Fn::GetAtt takes a logical id and an attribute: [Table, Arn] or Table.Arn";
        if let Some(text) = argument.as_text() {
            return match text.split_once('.') {
                Some((name, attribute)) => self.look_up_attribute(name, attribute, argument.at, &[]),
                None => self.fail(argument.at, SHAPE),
            };
        }
        match argument.as_list() {
            Some([name, attribute]) => {
                let Some(name) = name.as_text() else { return self.fail(name.at, SHAPE) };
                let attribute = self.text(attribute, "the attribute of Fn::GetAtt")?;
                self.look_up_attribute(name, &attribute, argument.at, &[])
            }
            _ => self.fail(argument.at, SHAPE),
        }
    }

    /// What stands between `${` and `}`: a name, or a name and an attribute. `more` are names to suggest besides.
    pub(super) fn look_up_dotted(&self, text: &str, at: Place, more: &[&str]) -> Resolved {
        match text.split_once('.') {
            Some((name, attribute)) => self.look_up_attribute(name, attribute, at, more),
            None => self.look_up(text, at, more),
        }
    }

    fn look_up(&self, name: &str, at: Place, more: &[&str]) -> Resolved {
        if name.starts_with("AWS::") {
            return self.pseudo_parameter(name, at);
        }
        if let Some(value) = self.parameters.get(name) {
            return Ok(Some(Node::new(value.kind.clone(), at)));
        }
        self.only_parameters(name, at)?;
        if let Some(resource) = self.template.resources.get(name) {
            self.depends_on(name, at);
            return Ok(Some(Node::text(self.physical_id(resource)?, at)));
        }
        if let Some((resource, made)) = self.made_by_sam(name) {
            self.depends_on(&resource.logical_id, at);
            return Ok(Some(Node::text(made.id, at)));
        }
        self.unknown(name, at, more)
    }

    fn look_up_attribute(&self, name: &str, attribute: &str, at: Place, more: &[&str]) -> Resolved {
        self.only_parameters(name, at)?;
        // SAM's own way to the resources that it makes: `${Api.Stage}`, `!Ref Function.Alias`.
        if let Some((resource, made)) = self.made_by_sam(&format!("{name}.{attribute}")) {
            self.depends_on(&resource.logical_id, at);
            return Ok(Some(Node::text(made.id, at)));
        }
        if let Some(resource) = self.template.resources.get(name) {
            self.depends_on(name, at);
            return match self.attribute(resource, attribute)? {
                Ok(text) => Ok(Some(Node::text(text, at))),
                Err(known) => {
                    let hint = did_you_mean(attribute, known.iter().copied());
                    let kind = &resource.resource_type;
                    self.fail(at, format!("{name} ({kind}) has no attribute '{attribute}'{hint}"))
                }
            };
        }
        if let Some((resource, made)) = self.made_by_sam(name) {
            self.depends_on(&resource.logical_id, at);
            return match (attribute, made.arn, made.url) {
                ("Arn", Some(arn), _) => Ok(Some(Node::text(arn, at))),
                ("FunctionUrl", _, Some(url)) => Ok(Some(Node::text(url, at))),
                ("APIKeyId", ..) if name.ends_with("ApiKey") => Ok(Some(Node::text(made.id, at))),
                ("Id", ..) if name.ends_with("UsagePlan") => Ok(Some(Node::text(made.id, at))),
                _ => self.fail(at, format!("{name}, which SAM makes, has no attribute '{attribute}'")),
            };
        }
        if self.parameters.contains_key(name) {
            return self.fail(at, format!("{name} is a parameter and has no attribute '{attribute}'"));
        }
        self.unknown(name, at, more)
    }

    fn only_parameters(&self, name: &str, at: Place) -> Result<(), Failed> {
        if self.is_condition() && (self.template.resources.contains_key(name) || self.made_by_sam(name).is_some()) {
            return self.fail(at, format!("'{name}' is a resource; a condition can only refer to parameters"));
        }
        Ok(())
    }

    fn unknown(&self, name: &str, at: Place, more: &[&str]) -> Resolved {
        if let Some(condition) = self.template.inactive.get(name) {
            return self.fail(at, format!("'{name}' is not created, as its condition {condition} is false"));
        }
        let known = self.template.resources.keys().chain(self.parameters.keys()).map(String::as_str);
        let hint = did_you_mean(name, known.chain(more.iter().copied()).chain(PSEUDO_PARAMETERS.iter().copied()));
        self.fail(at, format!("there is no parameter or resource '{name}'{hint}"))
    }

    /// Whether `name` can stand in `DependsOn`.
    pub(super) fn is_resource(&self, name: &str) -> bool {
        self.template.resources.contains_key(name) || self.made_by_sam(name).is_some()
    }

    /// A resource that SAM's transform would add, and the declared one that it belongs to.
    fn made_by_sam(&self, name: &str) -> Option<(&Resource, Identity)> {
        if !self.template.serverless {
            return None;
        }
        // The longest logical id first: `ChatApiStage` belongs to `ChatApi` even where a `Chat` exists.
        let mut candidates: Vec<(&Resource, &str)> = self
            .template
            .resources
            .values()
            .filter(|resource| resource.is_serverless())
            .filter_map(|resource| Some((resource, name.strip_prefix(resource.logical_id.as_str())?)))
            .filter(|(_, suffix)| !suffix.is_empty())
            .collect();
        candidates.sort_by_key(|(_, suffix)| suffix.len());
        let made = candidates
            .into_iter()
            .find_map(|(resource, suffix)| Some((resource, self.made_with_suffix(resource, suffix)?)));
        made.or_else(|| {
            // What all APIs share begins with no API's id.
            let apis = self.template.resources.values().filter(|api| api.resource_type == "AWS::Serverless::Api");
            apis.into_iter().find_map(|api| Some((api, Identity::of(usage_plan::made(api, name)?))))
        })
    }
}
