//! What an export shows: the pages asked for, filled with rows the asking person may see.

use std::sync::Arc;

use http::StatusCode;

use crate::data;
use crate::dax;
use crate::dax::Cell;
use crate::dax::Identity;
use crate::dax::Limits;
use crate::dax::ResultSet;
use crate::files;
use crate::files::Document;
use crate::files::Format;
use crate::files::Rendered;
use crate::powerbi::call::Call;
use crate::powerbi::export_filter;
use crate::powerbi::fields::Fields;
use crate::powerbi::refusal::Refusal;
use crate::powerbi::rights;
use crate::powerbi::rights::Need;
use crate::world::World;
use crate::world::report::Page;
use crate::world::report::RdlParameter;
use crate::world::report::Report;
use crate::world::report::ReportKind;
use crate::world::report::Visual;
use crate::world::time;

/// Pages or visuals one job may hold.
const MOST_PAGES: usize = 50;
/// Rows one table of a file shows.
const MOST_ROWS: usize = 5_000;
const INTERACTIVE_FORMATS: [&str; 3] = ["PDF", "PPTX", "PNG"];
const PAGINATED_FORMATS: [&str; 9] = [
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

/// A job whose request was understood.
pub(super) struct Plan {
    format: Format,
    title: String,
    pages: Vec<Page>,
    filters: Vec<String>,
    data: Arc<data::Model>,
    identity: Identity,
}

/// A finished file and how many pages it has.
pub(super) struct Finished {
    /// The file.
    pub(super) file: Rendered,
    /// Its pages.
    pub(super) pages: i64,
}

/// Reads the request against the report it is for.
pub(super) fn plan(call: &Call, world: &World, report: &Report) -> Result<Plan, Refusal> {
    let fields = call.fields()?;
    let word = fields.text("format")?.to_ascii_uppercase();
    let (known, own, foreign) = match report.kind {
        ReportKind::Interactive { .. } => (
            INTERACTIVE_FORMATS.as_slice(),
            "powerBIReportConfiguration",
            "paginatedReportConfiguration",
        ),
        ReportKind::Paginated { .. } => (
            PAGINATED_FORMATS.as_slice(),
            "paginatedReportConfiguration",
            "powerBIReportConfiguration",
        ),
    };
    let format = Format::named(&word).filter(|_| known.contains(&word.as_str()));
    let format =
        format.ok_or_else(|| Refusal::bad(format!("format must be one of {} for this report", known.join(", "))))?;
    if word == "PNG" && !world.settings.image_export {
        return Err(Refusal::Coded {
            status: StatusCode::FORBIDDEN,
            code: "InvalidRequest",
            message: Some("Export report to image is disabled on tenant level".to_owned()),
        });
    }
    if fields.find(foreign).is_some() {
        return Err(Refusal::bad(format!("{foreign} does not fit this kind of report")));
    }
    let configuration = fields.find_object(own)?.unwrap_or_default();
    let (pages, filters) = match &report.kind {
        ReportKind::Interactive { pages } => (pages_asked_for(pages, &configuration)?, filters(&configuration)?),
        ReportKind::Paginated { table, parameters, .. } => (
            vec![listing(&report.name, table, parameters, &configuration)?],
            Vec::new(),
        ),
    };
    let (data, identity) = data_and_identity(call, world, report, &configuration)?;
    Ok(Plan {
        format,
        title: report.name.clone(),
        pages,
        filters,
        data,
        identity,
    })
}

/// The pages to render: those named, or all that readers see.
fn pages_asked_for(pages: &[Page], configuration: &Fields) -> Result<Vec<Page>, Refusal> {
    if configuration.find("defaultBookmark").is_some() {
        return Err(Refusal::bad("the report has no bookmarks"));
    }
    let asked = configuration.objects("pages")?;
    let settings = configuration.find_object("settings")?.unwrap_or_default();
    if asked.len() > MOST_PAGES {
        return Err(Refusal::bad(format!(
            "at most {MOST_PAGES} pages or visuals can be exported at once"
        )));
    }
    if asked.is_empty() {
        let with_hidden = settings.find_bool("includeHiddenPages")?.unwrap_or(false);
        return Ok(pages
            .iter()
            .filter(|page| with_hidden || !page.hidden)
            .cloned()
            .collect());
    }
    asked
        .iter()
        .map(|wanted| {
            let name = wanted.text("pageName")?;
            let page = pages
                .iter()
                .find(|page| page.name == name)
                .ok_or_else(|| Refusal::bad(format!("the report has no page {name:?}")))?;
            if wanted.find("bookmark").is_some() {
                return Err(Refusal::bad("the report has no bookmarks"));
            }
            let Some(visual) = wanted.find_text("visualName")? else {
                return Ok(page.clone());
            };
            let found = page.visuals.iter().find(|known| known.name == visual);
            let found = found.ok_or_else(|| Refusal::bad(format!("page {name:?} has no visual {visual:?}")))?;
            Ok(Page {
                visuals: vec![found.clone()],
                ..page.clone()
            })
        })
        .collect()
}

fn filters(configuration: &Fields) -> Result<Vec<String>, Refusal> {
    let filters = configuration.objects("reportLevelFilters")?;
    if filters.len() > 1 {
        return Err(Refusal::bad(
            "reportLevelFilters takes one filter; join conditions with and",
        ));
    }
    match filters.first() {
        Some(filter) => export_filter::to_dax(filter.text("filter")?)
            .map_err(|error| Refusal::bad(format!("invalid report filter: {error}"))),
        None => Ok(Vec::new()),
    }
}

/// A paginated report as one page, with its parameters filled in.
fn listing(name: &str, table: &str, parameters: &[RdlParameter], configuration: &Fields) -> Result<Page, Refusal> {
    let mut given: Vec<(String, String)> = Vec::new();
    for value in configuration.objects("parameterValues")? {
        let name = value.text("name")?;
        let known = parameters
            .iter()
            .find(|parameter| parameter.name.eq_ignore_ascii_case(name));
        let known = known.ok_or_else(|| Refusal::bad(format!("the report has no parameter {name:?}")))?;
        let value = value.find_text("value")?.unwrap_or_default();
        if !known.allowed.is_empty() && !known.allowed.iter().any(|allowed| allowed == value) {
            return Err(Refusal::bad(format!(
                "{value:?} is not a value of the parameter {}",
                known.name
            )));
        }
        if known.is_number && value.parse::<f64>().is_err() {
            return Err(Refusal::bad(format!("the parameter {} takes numbers", known.name)));
        }
        given.push((known.name.clone(), value.to_owned()));
    }
    let mut table = table.to_owned();
    for parameter in parameters {
        let asked: Vec<&String> = given
            .iter()
            .filter(|(name, _)| *name == parameter.name)
            .map(|(_, value)| value)
            .collect();
        let values: Vec<&String> = if asked.is_empty() {
            parameter.default.iter().collect()
        } else {
            asked
        };
        if values.is_empty() {
            return Err(Refusal::bad(format!("the parameter {} needs a value", parameter.name)));
        }
        let literals: Vec<String> = values.iter().map(|value| literal(parameter, value)).collect();
        table = table.replace(&format!("@{}", parameter.name), &literals.join(", "));
    }
    let visual = Visual {
        name: "Tablix1".to_owned(),
        title: name.to_owned(),
        table,
        order_by: None,
    };
    Ok(Page {
        name: "Page1".to_owned(),
        title: name.to_owned(),
        hidden: false,
        visuals: vec![visual],
    })
}

fn literal(parameter: &RdlParameter, value: &str) -> String {
    if parameter.is_number {
        value.to_owned()
    } else {
        format!("\"{}\"", value.replace('"', "\"\""))
    }
}

/// Whose eyes the rows are read with: the caller's, or those of an identity the caller may take on.
fn data_and_identity(
    call: &Call,
    world: &World,
    report: &Report,
    configuration: &Fields,
) -> Result<(Arc<data::Model>, Identity), Refusal> {
    let model = report
        .model
        .and_then(|id| world.model(id))
        .ok_or_else(Refusal::not_found)?;
    let rights = world.model_rights(&call.who, model);
    rights::judge(rights, Need::Read)?;
    let identities = configuration.objects("identities")?;
    let Some(identity) = identities.first() else {
        return Ok((
            model.data.clone(),
            Identity {
                upn: call.who.upn.clone(),
                roles: None,
                bypass: rights.write,
            },
        ));
    };
    if identities.len() > 1 {
        return Err(Refusal::bad("identities takes one identity"));
    }
    if !rights.write {
        return Err(Refusal::no_right());
    }
    if !model.has_roles {
        return Err(Refusal::bad(
            "the semantic model has no roles, so it takes no effective identity",
        ));
    }
    let roles = identity.find_texts("roles")?;
    let unknown = roles.iter().flatten().find(|role| {
        !model
            .data
            .roles
            .iter()
            .any(|known| known.name.eq_ignore_ascii_case(role))
    });
    if let Some(unknown) = unknown {
        return Err(Refusal::bad(format!("the semantic model has no role {unknown:?}")));
    }
    Ok((
        model.data.clone(),
        Identity {
            upn: identity.text("username")?.to_owned(),
            roles,
            bypass: false,
        },
    ))
}

impl Plan {
    /// Asks the model for every table and writes the file.
    pub(super) fn render(&self, call: &Call) -> Result<Finished, Refusal> {
        let pages = self
            .pages
            .iter()
            .map(|page| self.page(call, page))
            .collect::<Result<Vec<_>, Refusal>>()?;
        let subtitle = format!(
            "made by the Gatepost sandbox for {} on {}",
            call.who_name,
            time::in_seconds(call.now_ms)
        );
        let count = i64::try_from(pages.len()).unwrap_or(i64::MAX);
        let document = Document {
            title: self.title.clone(),
            subtitle,
            pages,
        };
        let file = files::render(self.format, &document).map_err(|error| not_rendered(&error.to_string()))?;
        Ok(Finished { file, pages: count })
    }

    fn page(&self, call: &Call, page: &Page) -> Result<files::Page, Refusal> {
        let mut tables = Vec::new();
        for visual in &page.visuals {
            let query = query(visual, &self.filters);
            let limits = Limits {
                rows: MOST_ROWS,
                ..Limits::default()
            };
            let rows = dax::run_at(&self.data, &query, &self.identity, &limits, call.now_ms)
                .map_err(|error| not_rendered(&error.message))?;
            tables.push((visual.title.clone(), rows));
        }
        let bars = tables.first().map(|(_, rows)| bars(rows)).unwrap_or_default();
        Ok(files::Page {
            name: page.title.clone(),
            tables,
            bars,
        })
    }
}

fn query(visual: &Visual, filters: &[String]) -> String {
    let table = match filters {
        [] => visual.table.clone(),
        filters => format!("CALCULATETABLE({}, {})", visual.table, filters.join(", ")),
    };
    match &visual.order_by {
        Some(order) => format!("EVALUATE {table} ORDER BY {order}"),
        None => format!("EVALUATE {table}"),
    }
}

/// The chart of a page: label and value of a table that begins with them.
fn bars(rows: &ResultSet) -> Vec<(String, f64)> {
    let bar = |row: &Vec<Cell>| {
        let value = match row
            .get(1..)?
            .iter()
            .find(|cell| matches!(cell, Cell::Int(_) | Cell::Number(_)))?
        {
            Cell::Int(whole) => *whole as f64,
            Cell::Number(number) => *number,
            _ => return None,
        };
        Some((row.first()?.to_text(), value))
    };
    rows.rows.iter().take(12).filter_map(bar).collect()
}

fn not_rendered(why: &str) -> Refusal {
    Refusal::Coded {
        status: StatusCode::BAD_REQUEST,
        code: "ReportRenderingFailed",
        message: Some(why.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn year() -> RdlParameter {
        RdlParameter {
            name: "Year".to_owned(),
            is_number: true,
            default: vec!["2026".to_owned()],
            allowed: Vec::new(),
        }
    }

    fn kind(default: Vec<String>) -> RdlParameter {
        let allowed = vec!["Cost".to_owned(), "Odd \"one\"".to_owned()];
        RdlParameter {
            name: "Kind".to_owned(),
            is_number: false,
            default,
            allowed,
        }
    }

    fn table(configuration: &serde_json::Value, parameters: &[RdlParameter]) -> Option<String> {
        let fields = Fields::read(configuration.to_string().as_bytes()).unwrap();
        let page = listing(
            "List",
            "FILTER('T', 'T'[Year] = @Year && 'T'[Kind] IN {@Kind})",
            parameters,
            &fields,
        );
        page.ok().map(|page| page.visuals[0].table.clone())
    }

    #[test]
    fn parameters_become_literals_that_cannot_break_out() {
        let values =
            json!({"parameterValues": [{"name": "Kind", "value": "Cost"}, {"name": "kind", "value": "Odd \"one\""}]});
        let filled = table(&values, &[year(), kind(Vec::new())]).unwrap();
        assert_eq!(
            filled,
            "FILTER('T', 'T'[Year] = 2026 && 'T'[Kind] IN {\"Cost\", \"Odd \"\"one\"\"\"})"
        );
    }

    #[test]
    fn a_parameter_without_default_needs_a_value() {
        assert!(table(&json!({}), &[year(), kind(Vec::new())]).is_none());
        assert!(table(&json!({}), &[year(), kind(vec!["Cost".to_owned()])]).is_some());
        let sum = json!({"parameterValues": [{"name": "Year", "value": "1 + 1"}]});
        assert!(table(&sum, &[year(), kind(vec!["Cost".to_owned()])]).is_none());
    }

    #[test]
    fn filters_wrap_the_table_and_order_stays_outside() {
        let visual = Visual {
            name: "V".to_owned(),
            title: String::new(),
            table: "VALUES('T'[A])".to_owned(),
            order_by: Some("'T'[A]".to_owned()),
        };
        assert_eq!(query(&visual, &[]), "EVALUATE VALUES('T'[A]) ORDER BY 'T'[A]");
        let filtered = query(&visual, &["'T'[A] = 1".to_owned()]);
        assert_eq!(
            filtered,
            "EVALUATE CALCULATETABLE(VALUES('T'[A]), 'T'[A] = 1) ORDER BY 'T'[A]"
        );
    }
}
