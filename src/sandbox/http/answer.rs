//! Answers, and the four shapes that errors have.

use http::StatusCode;
use serde_json::{Value, json};

use crate::sandbox::site;
use crate::sandbox::world::{Fault, Refusal};

/// An answer before it becomes bytes.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// No body at all for `None`.
    pub(super) body: Option<Value>,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Answer {
    /// 200 with a body.
    pub(super) fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body: Some(body), headers: Vec::new() }
    }

    /// A status without a body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, body: None, headers: Vec::new() }
    }

    /// What is never sent, since the connection is closed.
    pub(super) fn closed() -> Self {
        Self::empty(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// A status with a body.
    pub(super) fn with(status: StatusCode, body: Value) -> Self {
        Self { status, body: Some(body), headers: Vec::new() }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Whose error shape to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    V1,
    V2,
}

/// What went wrong, before it takes the shape of a face.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    /// The exception that v1 names in front of the message.
    class: &'static str,
    message: String,
}

impl Failure {
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, class: "BadRequestException", message: message.into() }
    }

    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, class: "NotFoundException", message: message.into() }
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, class: "PermissionException", message: message.into() }
    }

    /// A removed v1 operation.
    pub(super) fn gone() -> Self {
        let message = "This deprecated endpoint has been removed.".to_owned();
        Self { status: StatusCode::GONE, class: "GoneException", message }
    }

    pub(super) fn unauthorized() -> Self {
        let message = "Basic authentication with a wrong or missing token".to_owned();
        Self { status: StatusCode::UNAUTHORIZED, class: "UnauthorizedException", message }
    }

    pub(super) fn other(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, class: "ServiceException", message: message.into() }
    }

    /// A failure that a rule of the adversary asks for, as the site itself would have it.
    pub(super) fn asked_for(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let reason = status.canonical_reason().unwrap_or("Failed");
        match status {
            StatusCode::BAD_REQUEST => Self::bad_request(reason),
            StatusCode::UNAUTHORIZED => Self::unauthorized(),
            StatusCode::FORBIDDEN => Self::forbidden("Not permitted"),
            StatusCode::NOT_FOUND => Self::not_found("Not found, or not permitted"),
            StatusCode::CONFLICT => Self { status, class: "ConflictException", message: reason.to_owned() },
            StatusCode::GONE => Self::gone(),
            other => Self::other(other, reason),
        }
    }

    /// The failure in the shape of a face.
    pub(super) fn answer(&self, face: Face) -> Answer {
        let status = self.status.as_u16();
        let body = match face {
            Face::V1 => json!({
                "statusCode": status,
                "data": {
                    "authorized": !matches!(status, 401 | 403),
                    "valid": status != 400,
                    "allowedInReadOnlyMode": true,
                    "errors": [{"message": {"key": self.message, "translation": self.message, "args": []}}],
                    "successful": false,
                },
                "message": format!("com.atlassian.confluence.api.service.exceptions.{}: {}", self.class, self.message),
            }),
            Face::V2 => {
                let code = match status {
                    400 => "INVALID_REQUEST_PARAMETER",
                    401 => "UNAUTHORIZED",
                    403 => "FORBIDDEN",
                    404 => "NOT_FOUND",
                    413 => "PAYLOAD_TOO_LARGE",
                    _ => "ERROR",
                };
                json!({"errors": [{"status": status, "code": code, "title": self.message, "detail": null}]})
            }
        };
        Answer::with(self.status, body)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal.fault() {
            Fault::NotFound => Self::not_found(message),
            Fault::Forbidden => Self::forbidden(message),
            Fault::Invalid => Self::bad_request(message),
            Fault::Broken => Self::other(StatusCode::INTERNAL_SERVER_ERROR, message),
            Fault::RolesOnly => {
                Self { status: StatusCode::BAD_REQUEST, class: "InvalidRbacOperationException", message }
            }
        }
    }
}

impl From<site::Error> for Failure {
    fn from(error: site::Error) -> Self {
        Self::other(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

/// The third shape: the gateway knows no such route or site; the request never reached Confluence.
pub(super) fn gateway_not_found(path: &str) -> Answer {
    let body = json!({
        "timestamp": "2026-01-01T00:00:00.000+00:00",
        "status": 404,
        "error": "Not Found",
        "message": "No message available",
        "path": path,
    });
    Answer::with(StatusCode::NOT_FOUND, body)
}

/// The gateway's refusal of credentials.
pub(super) fn gateway_unauthorized() -> Answer {
    Answer::with(StatusCode::UNAUTHORIZED, json!({"code": 401, "message": "Unauthorized"}))
}

/// The fourth shape: the token lacks a scope that the operation needs.
pub(super) fn scope_mismatch() -> Answer {
    let body = json!({"code": 401, "message": "Unauthorized; scope does not match"});
    Answer::with(StatusCode::UNAUTHORIZED, body).header("X-Failure-Category", "FAILURE_CLIENT_SCOPE_CHECK")
}
