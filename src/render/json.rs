//! A plan as JSON: the document itself.

use crate::plan::Plan;

/// The plan, indented, with a line end. The form is described by `schemas/plan.schema.json`.
pub fn plan_as_json(plan: &Plan) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(plan)? + "\n")
}
