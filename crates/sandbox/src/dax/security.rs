//! Row-level security: a person's view of a model holds only the rows their roles let through.

use std::rc::Rc;
use std::sync::Arc;

use crate::data::Model;
use crate::data::Role;
use crate::dax::bind::Names;
use crate::dax::error::DaxError;
use crate::dax::error::Result;
use crate::dax::eval::Context;
use crate::dax::eval::Eval;
use crate::dax::parser;
use crate::dax::result::Identity;
use crate::dax::storage::Store;
use crate::dax::storage::find_table;
use crate::dax::table::Body;
use crate::dax::table::TableValue;
use crate::dax::value::fold;

/// The rows of the model that the person may see.
///
/// Invariant: whatever the query says, the engine is given no row that the roles do not let through.
pub(crate) fn view(model: &Model, who: &Identity, now_ms: i64) -> Result<Arc<Store>> {
    let whole = model.compiled.whole(model)?;
    if model.roles.is_empty() || (who.bypass && who.roles.is_none()) {
        return Ok(whole);
    }
    let roles = roles_of(model, who)?;
    let names: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
    // A filter may ask for the date, so a view lasts for a day of the clock.
    let key = format!(
        "{}\n{}\n{}",
        fold(&who.upn),
        now_ms.div_euclid(86_400_000),
        names.join("\n")
    );
    if let Some(view) = model.compiled.view(&key) {
        return Ok(view);
    }
    let mut kept = Vec::new();
    for table in 0..model.tables.len() {
        kept.push(own_rows(model, &whole, &roles, table, who, now_ms)?);
    }
    follow_relationships(&whole, &mut kept);
    let view = Arc::new(Store::build(model, Some(&kept))?);
    model.compiled.keep_view(key, view.clone());
    Ok(view)
}

fn roles_of<'m>(model: &'m Model, who: &Identity) -> Result<Vec<&'m Role>> {
    if let Some(wanted) = &who.roles {
        let role = |name: &String| {
            let found = model.roles.iter().find(|role| fold(&role.name) == fold(name));
            found.ok_or_else(|| DaxError::wrong(format!("role '{name}' does not exist in the model")))
        };
        let roles = wanted.iter().map(role).collect::<Result<Vec<_>>>()?;
        return if roles.is_empty() {
            Err(no_role(&who.upn))
        } else {
            Ok(roles)
        };
    }
    let is_member = |role: &&Role| role.members.iter().any(|member| fold(member) == fold(&who.upn));
    let roles: Vec<&Role> = model.roles.iter().filter(is_member).collect();
    if roles.is_empty() {
        Err(no_role(&who.upn))
    } else {
        Ok(roles)
    }
}

fn no_role(upn: &str) -> DaxError {
    DaxError::wrong(format!(
        "the model restricts rows by role, and '{upn}' is in none of its roles"
    ))
}

/// Per row of a table whether any of the roles lets it through.
fn own_rows(
    model: &Model,
    whole: &Store,
    roles: &[&Role],
    table: usize,
    who: &Identity,
    now_ms: i64,
) -> Result<Vec<bool>> {
    let rows = model.tables[table].rows();
    let mut filters = Vec::new();
    for role in roles {
        let mut own = role
            .filters
            .iter()
            .filter(|(name, _)| find_table(model, name) == Some(table))
            .peekable();
        if own.peek().is_none() {
            return Ok(vec![true; rows]);
        }
        filters.extend(own.map(|(_, expression)| expression));
    }
    let names = Names::new(model);
    let eval = Eval::new(&names, whole, &who.upn, now_ms);
    let all = (0..).take(rows).collect();
    let all = Rc::new(TableValue {
        heads: eval.heads(table),
        body: Body::Model { table, rows: all },
    });
    let mut kept = vec![false; rows];
    for filter in filters {
        let node = names.bind(&parser::expression(filter)?, &mut Vec::new())?;
        let context = Context::default();
        eval.each(&all, &context, |row, inside| {
            kept[row] = kept[row] || eval.truth(&node, inside)?;
            Ok(())
        })?;
    }
    Ok(kept)
}

/// A row that belongs to a row above which is not seen is not seen either.
fn follow_relationships(whole: &Store, kept: &mut [Vec<bool>]) {
    let own = kept.to_vec();
    for table in 0..kept.len() {
        for above in (0..own.len()).filter(|above| *above != table && whole.reaches(table, *above)) {
            let restricted = own[above].iter().any(|kept| !kept);
            for (row, kept) in (0..).zip(kept[table].iter_mut()) {
                let row_above = whole.row_above(table, above, row).map(|row| row as usize);
                // The blank row above is let through only where nothing is restricted.
                let seen = row_above
                    .and_then(|row| own[above].get(row).copied())
                    .unwrap_or(!restricted);
                *kept = *kept && seen;
            }
        }
    }
}
