//! `export_report`: renders a report to a file and hands out a link for the person who asked.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

use super::arguments::{text, texts};
use super::context::Context;
use super::fault::Fault;
use super::items::{self, Fit, Item, Kind, Meant, fit};
use super::link::{Download, Job, link, open_job, seal_job};
use super::outcome::Said;
use super::text::{cell, clean, short};
use super::tool::{Emits, Hints, Tool};
use crate::call::Request;

/// Many clients give up after a minute.
const LONGEST_WAIT: Duration = Duration::from_secs(50);
const USUAL_PAUSE_S: u64 = 3;
const STARTS: &[&str] = &["reports.export", "reports.export_in_group"];
const LOOKS: &[&str] = &["reports.get_export", "reports.get_export_in_group"];
const FILES: &[&str] = &["reports.get_export_file", "reports.get_export_file_in_group"];
const PAGES: &[&str] = &["reports.list_pages", "reports.list_pages_in_group"];
const INTERACTIVE: [&str; 3] = ["PDF", "PPTX", "PNG"];
const PAGINATED: [&str; 9] = [
    "PDF",
    "PPTX",
    "ACCESSIBLEPDF",
    "XLSX",
    "DOCX",
    "CSV",
    "XML",
    "MHTML",
    "IMAGE",
];

pub(super) const TOOL: Tool = Tool {
    name: "export_report",
    title: "Export a report to a file",
    description: "Renders a report to a file, waits for it and answers a link that only this person can open, good for 24 hours. Power BI reports: PDF, PPTX, PNG. Paginated reports: PDF, PPTX, ACCESSIBLEPDF, XLSX, DOCX, CSV, XML, MHTML, IMAGE. Needs a workspace on capacity.",
    input: r#"{
  "type": "object",
  "properties": {
    "report": {"type": "string", "minLength": 1, "maxLength": 2000, "description": "report: name, workspace/name, id, or pasted Power BI address"},
    "format": {"type": "string", "enum": ["PDF", "PPTX", "PNG", "XLSX", "DOCX", "CSV", "XML", "MHTML", "IMAGE", "ACCESSIBLEPDF"], "description": "file format"},
    "pages": {"type": "array", "items": {"type": "string"}, "maxItems": 50, "description": "only these pages of a Power BI report, by the names people see; all if absent"},
    "job": {"type": "string", "maxLength": 4000, "description": "from an earlier answer: goes on waiting for that export instead of starting one"}
  },
  "required": ["report", "format"],
  "additionalProperties": false
}"#,
    output: None,
    hints: Hints {
        // Power BI works on a new file each time; nothing that exists changes.
        idempotent: false,
        ..Hints::READS
    },
    operations: Emits::Listed(&[items::OPERATIONS, STARTS, LOOKS, FILES, PAGES]),
    needs: STARTS,
    run: |context, arguments| Box::pin(run(context, arguments)),
};

async fn run(context: &Context<'_>, arguments: &Map<String, Value>) -> Result<Said, Fault> {
    let job = match text(arguments, "job") {
        Some(sealed) => open_job(context, sealed).ok_or_else(|| {
            Fault::Words("This job is unknown or too old. Leave job out to start the export anew.".into())
        })?,
        None => start(context, arguments).await?,
    };
    wait(context, &job).await
}

async fn start(context: &Context<'_>, arguments: &Map<String, Value>) -> Result<Job, Fault> {
    let asked = text(arguments, "report").ok_or_else(|| Fault::Words("Give the report.".into()))?;
    let format = text(arguments, "format").unwrap_or("PDF");
    let wanted = texts(arguments, "pages");
    let report = items::resolve(context, asked, &[Kind::Report], Meant::Read).await?;
    check_format(&report, format, &wanted)?;
    let mut body = json!({ "format": format });
    if !wanted.is_empty() {
        let pages = pages(context, &report, &wanted).await?;
        body["powerBIReportConfiguration"] = json!({ "pages": pages });
    }
    let workspace = report.home.workspace_id();
    let (operation, mut call) = on(workspace, &report.id, STARTS);
    call.insert("body".into(), body);
    let begun = context.json(operation, call).await?;
    let export = begun["id"].as_str().ok_or(Fault::Unreadable)?;
    let now = context.app.clock.now();
    Ok(Job::new(workspace, &report.id, export, &report.name, now))
}

/// An unknown report is left to Power BI to judge.
fn check_format(report: &Item, format: &str, pages: &[&str]) -> Result<(), Fault> {
    let words = |kind: &str, formats: &[&str]| {
        Fault::Words(format!(
            "{} is a {kind}: it can be exported as {}.",
            short(&report.name, 120),
            formats.join(", ")
        ))
    };
    match (report.is_paginated, report.home == items::Home::Unknown) {
        (_, true) => Ok(()),
        (true, _) if !PAGINATED.contains(&format) => Err(words("paginated report", &PAGINATED)),
        (false, _) if !INTERACTIVE.contains(&format) => Err(words("Power BI report", &INTERACTIVE)),
        (true, _) if !pages.is_empty() => Err(Fault::Words(
            "A paginated report has no named pages; leave pages out.".into(),
        )),
        _ => Ok(()),
    }
}

/// The internal names of pages, which is what exports ask for.
async fn pages(context: &Context<'_>, report: &Item, wanted: &[&str]) -> Result<Vec<Value>, Fault> {
    let (operation, arguments) = on(report.home.workspace_id(), &report.id, PAGES);
    let all = context.list(operation, arguments).await?;
    let name = |page: &Value, field: &str| page[field].as_str().unwrap_or_default().to_owned();
    let mut found = Vec::new();
    for asked in wanted {
        let is_it = |page: &&Value| {
            name(page, "name") == *asked || fit(asked, &name(page, "displayName")).is_some_and(|it| it <= Fit::Same)
        };
        let page = all.iter().find(is_it).ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|it| cell(&name(it, "displayName"))).collect();
            Fault::Words(format!(
                "The report has no page {}; its pages are: {}.",
                short(asked, 80),
                names.join(", ")
            ))
        })?;
        found.push(json!({ "pageName": page["name"] }));
    }
    Ok(found)
}

/// Looks at the job as often as Power BI says, until it is over or the client would give up.
async fn wait(context: &Context<'_>, job: &Job) -> Result<Said, Fault> {
    let began = Instant::now();
    let longest = context.progress.longest_wait(LONGEST_WAIT);
    let (operation, mut arguments) = on(job.workspace.as_deref(), &job.report, LOOKS);
    arguments.insert("exportId".into(), json!(job.export));
    loop {
        let answer = context.call(operation, arguments.clone()).await?;
        let header = answer
            .headers
            .get(http::header::RETRY_AFTER)
            .and_then(|it| it.to_str().ok());
        let pause = header.and_then(|it| it.parse::<u64>().ok());
        let status = context.read(answer).await?.value;
        match status["status"].as_str() {
            Some("Succeeded") => return done(context, job, &status).await,
            Some("Failed") => return Err(Fault::Words(failed(&status, pause.is_some()))),
            _ => {}
        }
        let percent = status["percentComplete"].as_f64().unwrap_or(0.0);
        let pause = Duration::from_secs(pause.unwrap_or(USUAL_PAUSE_S).clamp(1, 15));
        if longest < began.elapsed() + pause {
            return Ok(later(context, job, percent).into());
        }
        // Progress must grow, and a percentage may stand still.
        let waited = began.elapsed().as_secs_f64();
        context
            .progress
            .say(waited, None, format!("the report is being rendered: {percent} %"));
        sleep(pause).await;
    }
}

async fn done(context: &Context<'_>, job: &Job, status: &Value) -> Result<Said, Fault> {
    let (operation, mut arguments) = on(job.workspace.as_deref(), &job.report, FILES);
    arguments.insert("exportId".into(), json!(job.export));
    let extension = status["resourceFileExtension"].as_str().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let extension: String = extension.chars().filter(|c| is_plain(*c)).take(10).collect();
    let file = format!("{}{extension}", short(&job.name, 120));
    let download = Download::new(context.tool.name, operation, arguments, file, context.app.clock.now());
    let link = link(context, &download).await?;
    Ok(format!(
        "The file {} is ready: {link}\nOnly the person for whom it was made can open the link, signed in to the gateway in a browser or with their token, for 24 hours.",
        short(&download.file, 140)
    )
    .into())
}

fn later(context: &Context<'_>, job: &Job, percent: f64) -> String {
    format!(
        "The export still runs ({percent} %). Call export_report again with the same report and format and with this job to go on waiting:\n{}",
        seal_job(context, job)
    )
}

fn failed(status: &Value, is_worth_another_try: bool) -> String {
    let texts = [&status["error"]["message"], &status["error"]["code"]];
    let said = texts
        .into_iter()
        .find_map(Value::as_str)
        .map(|it| format!(" Power BI says: “{}”", clean(it)));
    let advice = match is_worth_another_try {
        true => "It may succeed when tried again: call export_report once more without job.",
        false => "Trying again will not help: look at the report in Power BI, or choose other pages or another format.",
    };
    format!(
        "Power BI could not render the report.{} {advice}",
        said.unwrap_or_default()
    )
}

/// Of the plain operation and the one in a workspace, the one for this report, with its ids.
fn on(workspace: Option<&str>, report: &str, twins: &[&'static str]) -> (&'static str, Map<String, Value>) {
    let mut arguments = Request::arguments_of([("reportId", json!(report))]);
    match workspace {
        Some(id) => {
            arguments.insert("groupId".into(), json!(id));
            (twins[1], arguments)
        }
        None => (twins[0], arguments),
    }
}
