//! What a list is narrowed down by, as a form sends it and as links keep it: all of it stands in the address.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Query;
use actix_web::{FromRequest, HttpRequest};
use chrono::NaiveDateTime;
use serde::de::DeserializeOwned;
use url::form_urlencoded::{self, Serializer};

use crate::page::Page;
use crate::problem::Problem;

/// The API's filter `T`. A form says more than the API takes: fields that were left empty say nothing, and times of
/// `datetime-local` are in UTC.
pub(super) struct Filter<T> {
    pub(super) asked: T,
    path: String,
    /// What was asked, without the place.
    pairs: Vec<(String, String)>,
}

/// Where the pages before and after are, as `macros.html` links them.
pub(super) struct Paging {
    pub(super) newer: Option<String>,
    pub(super) older: Option<String>,
}

/// One choice of a field.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) is_chosen: bool,
}

impl<T> Filter<T> {
    /// Whether anything narrows the list down.
    pub(super) fn is_narrow(&self) -> bool {
        !self.pairs.is_empty()
    }

    /// Where one gets to with that place.
    fn at(&self, cursor: &str) -> String {
        let mut query = Serializer::new(String::new());
        query
            .extend_pairs(&self.pairs)
            .append_pair("cursor", cursor);
        format!("{}?{}", self.path, query.finish())
    }

    /// What was asked, at another address.
    pub(super) fn to(&self, path: &str) -> String {
        let query = Serializer::new(String::new())
            .extend_pairs(&self.pairs)
            .finish();
        format!("{path}?{query}")
    }

    pub(super) fn paging<I>(&self, page: &Page<I>) -> Paging {
        let at = |cursor: &Option<String>| cursor.as_deref().map(|cursor| self.at(cursor));
        Paging { newer: at(&page.previous), older: at(&page.next) }
    }

    /// The value of a field, as it was asked.
    pub(super) fn value(&self, name: &str) -> &str {
        self.pairs
            .iter()
            .find(|(asked, _)| asked == name)
            .map_or("", |(_, value)| value)
    }

    /// A time as `datetime-local` shows it.
    pub(super) fn time(&self, name: &str) -> String {
        self.value(name).trim_end_matches('Z').to_owned()
    }

    /// The choices of a field, the asked one chosen, also where it is none of them.
    pub(super) fn choices<'a>(
        &self,
        name: &str,
        values: impl IntoIterator<Item = &'a str>,
    ) -> Vec<Choice> {
        let asked = self.value(name);
        let mut values: Vec<&str> = values.into_iter().collect();
        if !asked.is_empty() && !values.contains(&asked) {
            values.push(asked);
        }
        let choice = |value: &str| Choice {
            value: value.to_owned(),
            text: super::badge::words(value),
            is_chosen: value == asked,
        };
        values.into_iter().map(choice).collect()
    }
}

impl<T: DeserializeOwned> Filter<T> {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> =
            form_urlencoded::parse(request.query_string().as_bytes())
                .filter(|(_, value)| !value.trim().is_empty())
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect();
        for (name, value) in &mut pairs {
            if name == "from" || name == "to" {
                *value = in_utc(value);
            }
        }
        let meant = Serializer::new(String::new()).extend_pairs(&pairs).finish();
        let asked = Query::<T>::from_query(&meant)
            .map_err(|error| Problem::invalid("query", error.to_string()))?;
        pairs.retain(|(name, _)| name != "cursor");
        Ok(Self { asked: asked.into_inner(), path: request.path().to_owned(), pairs })
    }
}

impl<T: DeserializeOwned> FromRequest for Filter<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

/// RFC 3339 for what `datetime-local` sends; anything else as it is.
fn in_utc(text: &str) -> String {
    ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .map_or_else(|| text.to_owned(), |time| time.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string())
}

#[cfg(test)]
mod tests;
