//! How closed sets are written: one name per variant in JSON, in the database and for people.

/// The text is no name of the set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {set}")]
pub struct UnknownName {
    pub set: &'static str,
    pub text: String,
}

/// Gives an enum `ALL`, `as_str`, `FromStr` and `Display`. The names are those of its serde form; a test holds the
/// two together.
macro_rules! named {
    ($set:ident { $($variant:ident => $name:literal),+ $(,)? }) => {
        impl $set {
            /// Every variant, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }

        impl std::str::FromStr for $set {
            type Err = $crate::domain::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err($crate::domain::UnknownName {
                        set: stringify!($set),
                        text: text.to_owned(),
                    }),
                }
            }
        }

        impl std::fmt::Display for $set {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use named;

#[cfg(test)]
mod tests;
