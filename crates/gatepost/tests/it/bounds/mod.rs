//! What one request, one person, one network or one connection may take of what everybody shares.

mod answers;
mod ends;
mod http2;
mod json;
mod lists;
mod memory;
mod pages;
mod strangers;
mod tls;

use serde_json::{Value, json};

const MODEL: &str = "5a4db0c5-0011-4000-8000-000000000001";
/// Of Sales, below which nothing is at stake.
const EXECUTE: &str = "/powerbi/v1.0/myorg/datasets/5a4db0c5-0011-4000-8000-000000000001/executeQueries";
const ROWS: &str = "/powerbi/v1.0/myorg/datasets/5a4db0c5-0011-4000-8000-000000000001/tables/Sales/rows";

/// A query with a member that Power BI does not know, which holds so many numbers.
fn query_with_numbers(numbers: usize) -> String {
    let list = "1,".repeat(numbers.saturating_sub(1));
    format!("{{\"queries\":[{{\"query\":\"EVALUATE {{1}}\"}}],\"extra\":[{list}1]}}")
}

/// A call of a tool as a client of the older era sends it.
fn tool_call(id: usize, name: &str, arguments: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": name, "arguments": arguments } })
}
