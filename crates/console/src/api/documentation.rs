//! The API's own description, made of the handlers', and a page to try it with.

use std::sync::LazyLock;

use actix_web::web::{Json, Path};
use actix_web::{HttpResponse, http::header::CACHE_CONTROL};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, ResponseBuilder, SecurityRequirement};
use utoipa::{OpenApi as _, PartialSchema as _};

use super::{
    activity, by_hand, changes, dead_letters, explain, export, orders, reconciliation, replay,
    replays, session, sources, stats, trail, webhooks,
};
use crate::problem::{Problem, ProblemBody};
use crate::route::{self, Audience};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Waybill",
        description = "What operators see and do. Lists are paged by opaque cursors, the newest first. Errors are \
                       problem+json with stable codes. Ids, versions and positions are texts; amounts are minor units."
    ),
    paths(
        session::show,
        orders::search,
        orders::show,
        trail::events,
        trail::verify,
        explain::explain,
        export::order,
        export::public_key,
        by_hand::acknowledge,
        by_hand::unlink,
        webhooks::search,
        webhooks::show,
        webhooks::body,
        dead_letters::search,
        dead_letters::groups,
        dead_letters::show,
        replay::preview,
        replay::replay,
        replays::list,
        replays::ask,
        replays::show,
        replays::cancel,
        replays::stream,
        reconciliation::show,
        changes::list,
        changes::stream,
        stats::show,
        stats::stream,
        sources::list,
        activity::list
    )
)]
struct Described;

static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(document);
const PROBLEM: &str = "application/problem+json";

/// The document, as it is served and as the repository keeps it.
#[must_use]
pub fn document() -> OpenApi {
    let mut document = Described::openapi();
    document.info.version = "1".to_owned();
    document.info.license = None;
    let components = document.components.get_or_insert_default();
    components
        .schemas
        .insert("Problem".to_owned(), ProblemBody::schema());
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components
        .security_schemes
        .insert("token".to_owned(), SecurityScheme::Http(bearer).into());
    for route in route::table() {
        if route.audience() == Audience::Program
            && let Some(operation) = document
                .paths
                .paths
                .get_mut(route.path())
                .and_then(|item| operation(item, route.method().as_str()))
        {
            operation.operation_id = Some(operation_id(route.method().as_str(), route.path()));
            let needs = route.policy().needs();
            describe(operation, needs.map(|(role, scope)| (role.as_str(), scope.as_str())));
        }
    }
    document
}

/// Handlers of several resources have the same name; paths do not.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.trim_start_matches("/api/v1/").split(['/', '-']);
    let words: Vec<&str> = words.map(|word| word.trim_matches(['{', '}'])).collect();
    format!("{}_{}", method.to_lowercase(), words.join("_"))
}

fn operation<'a>(item: &'a mut PathItem, method: &str) -> Option<&'a mut Operation> {
    match method {
        "POST" => item.post.as_mut(),
        "DELETE" => item.delete.as_mut(),
        _ => item.get.as_mut(),
    }
}

/// What the policy and the guard add to every operation.
fn describe(operation: &mut Operation, needs: Option<(&str, &str)>) {
    operation.security = Some(vec![SecurityRequirement::new("token", [] as [&str; 0])]);
    if let Some((role, scope)) = needs {
        let said = operation.description.take().unwrap_or_default();
        operation.description = Some(
            format!("{said}\n\nNeeds the role `{role}` and the scope `{scope}`.")
                .trim()
                .to_owned(),
        );
    }
    for (status, description) in [
        ("400", "The request cannot be understood"),
        ("401", "No valid credential"),
        ("403", "The role or the scope is missing"),
        ("500", "Our own fault"),
        ("503", "The database cannot be asked, or it took too long"),
    ] {
        let body = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        let told = ResponseBuilder::new()
            .description(description)
            .content(PROBLEM, body)
            .build();
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| told.into());
    }
}

/// `GET /api/v1/openapi.json`
pub async fn openapi() -> Json<&'static OpenApi> {
    Json(&DOCUMENT)
}

/// `GET /api/docs/`: Swagger UI, from this binary alone.
pub async fn swagger(file: Path<String>) -> Result<HttpResponse, Problem> {
    let config = std::sync::Arc::new(utoipa_swagger_ui::Config::from("/api/v1/openapi.json"));
    let name = if file.is_empty() { "index.html" } else { file.as_str() };
    let found = utoipa_swagger_ui::serve(name, config)
        .map_err(|error| Problem::Internal(anyhow::anyhow!("{error}")))?
        .ok_or(Problem::NotFound("file"))?;
    Ok(HttpResponse::Ok()
        .content_type(found.content_type)
        .insert_header((CACHE_CONTROL, "max-age=3600"))
        .body(found.bytes.into_owned()))
}
