//! Row-level security: what roles let through, and that no query gets around them.

use crate::data::Model;
use crate::data::Role;
use crate::dax::Cell;
use crate::dax::DaxError;
use crate::dax::Identity;
use crate::dax::Limits;
use crate::dax::ResultSet;
use crate::dax::run_at;
use crate::dax::tests::NOW_MS;
use crate::dax::tests::shop;

fn role(name: &str, members: &[&str], filters: &[(&str, &str)]) -> Role {
    Role {
        name: name.to_owned(),
        members: members.iter().map(|&member| member.to_owned()).collect(),
        filters: filters
            .iter()
            .map(|&(table, filter)| (table.to_owned(), filter.to_owned()))
            .collect(),
    }
}

fn guarded() -> Model {
    let by_name = "Product[Color] = IF(USERPRINCIPALNAME() = \"cy@contoso.test\", \"Red\", \"Blue\")";
    Model {
        roles: vec![
            role(
                "Color",
                &["cy@contoso.test", "DI@contoso.test"],
                &[("Product", by_name)],
            ),
            role("North", &["cy@contoso.test"], &[("Sales", "Sales[Region] = \"North\"")]),
            role("Reader", &["flo@contoso.test"], &[]),
        ],
        ..shop()
    }
}

fn person(upn: &str) -> Identity {
    Identity {
        upn: upn.to_owned(),
        roles: None,
        bypass: false,
    }
}

fn ask(query: &str, who: &Identity) -> Result<ResultSet, DaxError> {
    run_at(&guarded(), query, who, &Limits::default(), NOW_MS)
}

fn total(who: &Identity) -> Cell {
    ask("EVALUATE ROW(\"t\", [Total])", who).unwrap().rows[0][0].clone()
}

#[test]
fn a_role_filters_its_table_and_what_hangs_on_it() {
    assert_eq!(total(&person("di@contoso.test")), Cell::Number(161.5));
    let names = ask("EVALUATE VALUES(Product[Name])", &person("di@contoso.test")).unwrap();
    assert_eq!(names.rows, [[Cell::Text("Hat".to_owned())]]);
    let everything = Identity {
        bypass: true,
        ..person("bo@contoso.test")
    };
    assert_eq!(total(&everything), Cell::Number(327.0));
    assert_eq!(total(&person("flo@contoso.test")), Cell::Number(327.0));
}

#[test]
fn nothing_in_a_query_gets_around_a_role() {
    let di = person("di@contoso.test");
    for query in [
        "EVALUATE ROW(\"t\", CALCULATE([Total], ALL(Product)))",
        "EVALUATE ROW(\"t\", CALCULATE([Total], REMOVEFILTERS()))",
        "EVALUATE ROW(\"t\", SUMX(ALL(Sales), Sales[Amount]))",
        "EVALUATE ROW(\"t\", CALCULATE([Total], ALL(Product[Color]), Product[Color] <> \"x\"))",
        "EVALUATE ROW(\"t\", CALCULATE([Total], FILTER(ALL(Product), TRUE())))",
        "DEFINE MEASURE Sales[t] = SUMX(ALLNOBLANKROW(Sales), Sales[Amount]) EVALUATE ROW(\"t\", [t])",
    ] {
        assert_eq!(ask(query, &di).unwrap().rows, [[Cell::Number(161.5)]], "{query}");
    }
    let statistics = "EVALUATE SELECTCOLUMNS(FILTER(COLUMNSTATISTICS(), [Column Name] = \"Color\"), \"m\", [Min], \"n\", [Cardinality])";
    assert_eq!(
        ask(statistics, &di).unwrap().rows,
        [[Cell::Text("Blue".to_owned()), Cell::Int(1)]]
    );
    let red = ask("EVALUATE ROW(\"t\", CALCULATE([Total], Product[Color] = \"Red\"))", &di).unwrap();
    assert_eq!(red.rows, [[Cell::Null]]);
}

#[test]
fn roles_add_up_per_table() {
    // Of Product the roles let red through, and North everything; of Sales North's rows, and Color everything.
    assert_eq!(total(&person("cy@contoso.test")), Cell::Number(327.0));
    let as_role = |roles: &[&str]| Identity {
        roles: Some(roles.iter().map(|&role| role.to_owned()).collect()),
        ..person("cy@contoso.test")
    };
    assert_eq!(total(&as_role(&["North"])), Cell::Number(125.2));
    assert_eq!(total(&as_role(&["color"])), Cell::Number(160.5));
    assert!(
        ask("EVALUATE {1}", &as_role(&["Nope"]))
            .unwrap_err()
            .message
            .contains("'Nope'")
    );
}

#[test]
fn roles_named_by_a_writer_are_applied_though_writers_see_everything() {
    let writer = Identity {
        bypass: true,
        roles: Some(vec!["North".to_owned()]),
        upn: "ada@contoso.test".to_owned(),
    };
    assert_eq!(total(&writer), Cell::Number(125.2));
}

#[test]
fn a_person_in_no_role_gets_no_rows_but_an_error() {
    let error = ask("EVALUATE ROW(\"t\", [Total])", &person("eve@contoso.test")).unwrap_err();
    assert!(
        error.message.contains("eve@contoso.test") && !error.unsupported,
        "{error}"
    );
}

#[test]
fn views_of_two_people_are_kept_apart() {
    let model = guarded();
    let ask = |upn: &str, roles: Option<Vec<String>>| {
        let who = Identity {
            upn: upn.to_owned(),
            roles,
            bypass: false,
        };
        run_at(
            &model,
            "EVALUATE VALUES(Product[Color])",
            &who,
            &Limits::default(),
            NOW_MS,
        )
        .unwrap()
        .rows
    };
    let color = Some(vec!["Color".to_owned()]);
    for _ in 0..2 {
        assert_eq!(ask("cy@contoso.test", color.clone()), [[Cell::Text("Red".to_owned())]]);
        assert_eq!(ask("di@contoso.test", color.clone()), [[Cell::Text("Blue".to_owned())]]);
    }
}
