//! What is logged of a method's execution: the stage's settings for it, or else those for all methods.

use crate::model::Stage;
use crate::telemetry::Level;
use crate::throttle::method_name;

/// The levels of a method by verb; those that log nothing are not among them.
#[derive(Debug, Default)]
pub(crate) struct MethodLogging(Vec<(String, Level, bool)>);

impl MethodLogging {
    /// For a method of this path that answers these verbs.
    pub(super) fn new(stage: &Stage, path: &str, verbs: Vec<&str>) -> MethodLogging {
        let of_all = stage.method_settings.get("*/*");
        let of_verb = |verb: &str| {
            let name = method_name(&format!("{path}/{verb}"));
            let own = stage.method_settings.iter().find(|(written, _)| method_name(written) == name);
            let setting = own.map(|(_, setting)| setting).or(of_all)?;
            let level = Level::of(setting.logging_level.as_deref());
            (level > Level::Off).then(|| (verb.to_owned(), level, setting.data_trace_enabled))
        };
        MethodLogging(verbs.into_iter().filter_map(of_verb).collect())
    }

    /// The level for requests of this verb, and whether whole requests are logged; `None` where nothing is.
    pub(crate) fn of(&self, verb: &str) -> Option<(Level, bool)> {
        self.0.iter().find(|(of, _, _)| of == verb).map(|(_, level, data_trace)| (*level, *data_trace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MethodSetting;

    #[test]
    fn a_methods_own_settings_come_before_those_of_all() {
        let setting = |level: &str, data_trace_enabled| MethodSetting {
            logging_level: Some(level.to_owned()),
            data_trace_enabled,
            ..MethodSetting::default()
        };
        let method_settings = [
            ("*/*".to_owned(), setting("ERROR", false)),
            ("~1users~1{id}/GET".to_owned(), setting("INFO", true)),
            ("/users/PUT".to_owned(), setting("OFF", true)),
        ];
        let stage = Stage { method_settings: method_settings.into(), ..Stage::default() };
        let one = MethodLogging::new(&stage, "/users/{id}", vec!["GET", "PUT"]);
        assert_eq!((one.of("GET"), one.of("PUT")), (Some((Level::Info, true)), Some((Level::Error, false))));
        let all = MethodLogging::new(&stage, "/users", vec!["GET", "PUT"]);
        assert_eq!((all.of("GET"), all.of("PUT")), (Some((Level::Error, false)), None));
        assert_eq!(MethodLogging::new(&Stage::default(), "/users", vec!["GET"]).0.capacity(), 0);
    }
}
