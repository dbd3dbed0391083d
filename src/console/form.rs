//! A form of one of our pages, and who sent it.
//!
//! In: a POST. Out: the [`Person`] and the form's fields, if it carries the token of that person's session; else the page that
//! says why nothing was done. Deliberately absent: what the fields mean, and forms with files (`trial`).

use std::sync::Arc;

use axum::{
    Form,
    extract::{FromRequest, FromRequestParts, Request},
    response::Response,
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{Desk, Web, login::Person, pages, session};
use crate::directory::Identities;

/// A form that one of our own pages sent in the name of the person.
pub(super) struct Sent<T> {
    pub(super) person: Person,
    pub(super) form: T,
}

/// A form that carries its session's token.
pub(super) trait Guarded: DeserializeOwned {
    /// The token.
    fn csrf(&self) -> &str;
}

impl<D: Desk, A: Identities, T: Guarded> FromRequest<Arc<Web<D, A>>> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Arc<Web<D, A>>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let person = Person::from_request_parts(&mut parts, web).await?;
        let form = Form::<T>::from_request(Request::from_parts(parts, body), web).await;
        let Form(form) = form.map_err(|_| pages::bad_form(person.language))?;
        if session::same(&person.csrf, form.csrf()) {
            Ok(Self { person, form })
        } else {
            Err(pages::bad_token(person.language))
        }
    }
}

/// Fields as they come, some of them several times.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The last value of a field; empty if it has none.
    pub(super) fn one(&self, name: &str) -> &str {
        self.0.iter().rfind(|(field, _)| field == name).map_or("", |(_, value)| value.as_str())
    }

    /// Every value of a field.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(field, _)| field == name).map(|(_, value)| value.clone()).collect()
    }
}

impl Guarded for Fields {
    fn csrf(&self) -> &str {
        self.one("csrf")
    }
}
