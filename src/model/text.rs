//! The text form that ids and principals share: parsed on the way in, displayed on the way out.

/// Gives a type that has `FromStr` and `Display` the same text form in serde and in JSON Schema. To be used
/// with `#[serde(try_from = "String", into = "String")]`.
macro_rules! text_form {
    ($name:ident, $schema:tt) => {
        impl TryFrom<String> for $name {
            type Error = $crate::model::InvalidId;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($schema)
            }
        }
    };
}

pub(crate) use text_form;
