//! The rows of the seeded "Sales model".

use jiff::ToSpan;
use jiff::civil::Date;

use crate::data::ColumnKind;
use crate::data::column::Encoded;
use crate::data::random::Random;
use crate::data::random::cents;
use crate::data::random::day;
use crate::data::random::texts;
use crate::dax::Value;
use crate::dax::convert::days_of_date;

const REGIONS: [(&str, &str, &str, f64); 5] = [
    ("North", "Sweden", "cy@contoso.test", 0.22),
    ("South", "Italy", "di@contoso.test", 0.18),
    ("East", "Poland", "eli@contoso.test", 0.14),
    ("West", "France", "wen@contoso.test", 0.20),
    ("Central", "Germany", "gil@contoso.test", 0.26),
];

/// Subcategory, category, lowest price and names.
const PRODUCTS: [(&str, &str, f64, [&str; 6]); 10] = [
    (
        "Road bikes",
        "Bikes",
        1290.0,
        [
            "Roadrunner 100",
            "Roadrunner 200",
            "Aero One",
            "Aero Two",
            "Classic Tour",
            "Gran Fondo",
        ],
    ),
    (
        "Mountain bikes",
        "Bikes",
        990.0,
        ["Trail 10", "Trail 20", "Summit", "Summit Pro", "Ridge", "Boulder"],
    ),
    (
        "City bikes",
        "Bikes",
        590.0,
        [
            "Commuter",
            "Commuter Plus",
            "Canal",
            "Boulevard",
            "Postmaster",
            "Cargo Duo",
        ],
    ),
    (
        "Helmets",
        "Accessories",
        49.0,
        [
            "Shell S",
            "Shell M",
            "Shell L",
            "Aero Helmet",
            "Kids Helmet",
            "Night Helmet",
        ],
    ),
    (
        "Lights",
        "Accessories",
        19.0,
        [
            "Front Light",
            "Rear Light",
            "Light Set",
            "Dynamo Light",
            "Beam 800",
            "Blinker",
        ],
    ),
    (
        "Locks",
        "Accessories",
        24.0,
        [
            "Cable Lock",
            "Chain Lock",
            "U-Lock",
            "Folding Lock",
            "Frame Lock",
            "Alarm Lock",
        ],
    ),
    (
        "Jerseys",
        "Clothing",
        45.0,
        [
            "Jersey Short",
            "Jersey Long",
            "Jersey Wool",
            "Jersey Race",
            "Jersey Kids",
            "Jersey Club",
        ],
    ),
    (
        "Gloves",
        "Clothing",
        18.0,
        [
            "Gloves Summer",
            "Gloves Winter",
            "Gloves Gel",
            "Gloves Race",
            "Gloves Rain",
            "Mittens",
        ],
    ),
    (
        "Wheels",
        "Components",
        120.0,
        [
            "Wheel 26",
            "Wheel 28",
            "Wheel 29",
            "Carbon Wheel",
            "Disc Wheel",
            "Hub Wheel",
        ],
    ),
    (
        "Brakes",
        "Components",
        35.0,
        [
            "Rim Brake",
            "Disc Brake",
            "Brake Pads",
            "Brake Lever",
            "Brake Cable",
            "Hydraulic Set",
        ],
    ),
];

const COLORS: [&str; 5] = ["Black", "Red", "Silver", "Blue", "Green"];

const SEASON: [f64; 12] = [0.62, 0.68, 0.95, 1.2, 1.38, 1.4, 1.3, 1.15, 1.0, 0.85, 0.9, 1.1];

const CUSTOMERS: usize = 2_000;

const LINES: f64 = 200_000.0;

/// The first day without orders.
const END: Date = Date::constant(2026, 11, 23);

fn calendar() -> Vec<Date> {
    let end = Date::constant(2026, 12, 31);
    Date::constant(2024, 1, 1)
        .series(1.day())
        .take_while(|date| *date <= end)
        .collect()
}

/// A column of whole numbers from 1.
fn keys(count: usize) -> Encoded {
    Encoded::picked((1..).take(count).map(Value::Int).collect(), (0..count).map(Some))
}

fn of(kind: ColumnKind, values: impl IntoIterator<Item = Value>) -> Encoded {
    Encoded::new(kind, values)
}

pub(super) fn dates() -> Vec<Encoded> {
    let days = calendar();
    let month = |date: &Date| date.strftime("%B").to_string();
    let whole = |part: fn(&Date) -> i64| of(ColumnKind::Int, days.iter().map(|date| Value::Int(part(date))));
    let text = |part: &dyn Fn(&Date) -> String| of(ColumnKind::Text, days.iter().map(|date| Value::text(part(date))));
    vec![
        of(
            ColumnKind::DateTime,
            days.iter().map(|date| Value::Date(days_of_date(*date))),
        ),
        whole(|date| i64::from(date.year())),
        text(&|date| format!("Q{}", (date.month() + 2) / 3)),
        whole(|date| i64::from(date.month())),
        text(&month),
        text(&|date| date.strftime("%Y-%m").to_string()),
        text(&|date| date.strftime("%A").to_string()),
    ]
}

pub(super) fn regions() -> Vec<Encoded> {
    let column = |part: fn(&(&'static str, &'static str, &'static str, f64)) -> &'static str| {
        of(ColumnKind::Text, REGIONS.iter().map(|region| Value::text(part(region))))
    };
    vec![
        column(|region| region.0),
        column(|region| region.1),
        column(|region| region.2),
    ]
}

/// Price before discount and cost of a product.
fn prices(product: usize) -> (f64, f64) {
    let (_, _, lowest, _) = PRODUCTS[product / 6];
    let price = cents((lowest * (1.0 + 0.35 * (product % 6) as f64)).round() - 0.01);
    let share = [0.62, 0.66, 0.7, 0.45, 0.4, 0.48, 0.38, 0.35, 0.58, 0.55][product / 6];
    (price, cents(price * share))
}

pub(super) fn products() -> Vec<Encoded> {
    let count = PRODUCTS.len() * 6;
    let text = |part: &dyn Fn(usize) -> Value| of(ColumnKind::Text, (0..count).map(part));
    vec![
        keys(count),
        text(&|place| Value::text(PRODUCTS[place / 6].3[place % 6])),
        text(&|place| Value::text(PRODUCTS[place / 6].1)),
        text(&|place| Value::text(PRODUCTS[place / 6].0)),
        text(&|place| match PRODUCTS[place / 6].0 {
            "Lights" | "Locks" => Value::Blank,
            _ => Value::text(COLORS[place * 7 % COLORS.len()]),
        }),
        of(
            ColumnKind::Decimal,
            (0..count).map(|place| Value::Number(prices(place).0)),
        ),
        of(
            ColumnKind::Boolean,
            (0..count).map(|place| Value::Bool(place % 13 == 12)),
        ),
    ]
}

pub(super) fn customers() -> Vec<Encoded> {
    const FIRST: [&str; 20] = [
        "Anna", "Björn", "Chiara", "Dawid", "Élodie", "Finn", "Giulia", "Hanna", "Ivo", "Jana", "Karl", "Lena",
        "Marek", "Noémie", "Olaf", "Paula", "Quentin", "Rosa", "Søren", "Tessa",
    ];
    const LAST: [&str; 25] = [
        "Andersson",
        "Bianchi",
        "Conti",
        "Dubois",
        "Eriksson",
        "Fischer",
        "Garnier",
        "Huber",
        "Iversen",
        "Jansen",
        "Kowalski",
        "Lindqvist",
        "Müller",
        "Nowak",
        "Olsen",
        "Petit",
        "Quist",
        "Rossi",
        "Schröder",
        "Tessier",
        "Ulrich",
        "Virtanen",
        "Weber",
        "Zając",
        "O'Neill",
    ];
    const CITIES: [&str; 10] = [
        "Stockholm",
        "Milano",
        "Warszawa",
        "Paris",
        "München",
        "Berlin",
        "Göteborg",
        "Lyon",
        "Kraków",
        "Torino",
    ];
    let mut random = Random::new(11);
    let name = |place: usize| {
        // A step that shares no factor with 500 visits every pair of names once.
        let pair = place * 37 % 500;
        let (first, last) = (FIRST[pair % 20], LAST[pair / 20]);
        // Four rounds of the same names; the later ones carry a number, so that names stay unique.
        if place < 500 {
            format!("{first} {last}")
        } else {
            format!("{first} {last} {}", place / 500 + 1)
        }
    };
    let segments: Vec<usize> = (0..CUSTOMERS).map(|_| random.weighted(&[0.7, 0.2, 0.1])).collect();
    let cities: Vec<usize> = (0..CUSTOMERS).map(|_| random.below(CITIES.len())).collect();
    let start = day(2015, 1, 1);
    let since: Vec<Value> = (0..CUSTOMERS)
        .map(|place| {
            if place % 17 == 3 {
                Value::Blank
            } else {
                Value::Date(start + random.below(3_200) as f64)
            }
        })
        .collect();
    vec![
        keys(CUSTOMERS),
        of(ColumnKind::Text, (0..CUSTOMERS).map(|place| Value::text(name(place)))),
        Encoded::picked(
            texts(&["Consumer", "Dealer", "Corporate"]),
            segments.into_iter().map(Some),
        ),
        Encoded::picked(texts(&CITIES), cities.into_iter().map(Some)),
        of(ColumnKind::DateTime, since),
    ]
}

pub(super) fn employees() -> Vec<Encoded> {
    const NAMES: [&str; 20] = [
        "Aino Berg",
        "Bruno Costa",
        "Carla Dietz",
        "Denis Evers",
        "Edda Falk",
        "Franz Gruber",
        "Greta Holm",
        "Hugo Ilić",
        "Ida Jensen",
        "Jonas Keller",
        "Kaja Lund",
        "Luca Marino",
        "Mila Novák",
        "Nils Oberg",
        "Olga Pavlova",
        "Pia Quast",
        "Remo Sala",
        "Sara Thim",
        "Tom Ulvang",
        "Vera Wolf",
    ];
    vec![
        keys(NAMES.len()),
        of(ColumnKind::Text, NAMES.iter().map(Value::text)),
        Encoded::picked(
            texts(&["Field", "Inside", "Online"]),
            (0..NAMES.len()).map(|place| Some(place % 3)),
        ),
    ]
}

/// How much is sold on a day, compared with others.
fn busyness(date: Date) -> f64 {
    let season = SEASON[usize::from(date.month().unsigned_abs()) - 1];
    let growth = 1.0 + 0.11 * f64::from(date.year() - 2024);
    let weekday = match date.weekday() {
        jiff::civil::Weekday::Saturday => 1.3,
        jiff::civil::Weekday::Sunday => 0.45,
        _ => 1.0,
    };
    season * growth * weekday
}

pub(super) fn sales() -> Vec<Encoded> {
    let days = calendar();
    let open: Vec<Date> = days.iter().copied().filter(|date| *date < END).collect();
    let total: f64 = open.iter().map(|date| busyness(*date)).sum();
    let mut random = Random::new(2026);
    let weights: Vec<f64> = REGIONS.iter().map(|region| region.3).collect();
    let mut rows: Vec<Line> = Vec::with_capacity(LINES as usize);
    let (mut order, mut owed) = (0, 0.0);
    let (mut region, mut customer, mut employee) = (0, 0, 0);
    for (day, date) in open.iter().enumerate() {
        owed += LINES * busyness(*date) / total;
        // An order never spans two days.
        let mut left = 0_usize;
        while owed >= 1.0 {
            owed -= 1.0;
            if left == 0 {
                order += 1;
                left = 1 + random.below(4);
                region = random.weighted(&weights);
                customer = random.early(CUSTOMERS / REGIONS.len()) * REGIONS.len() + region;
                employee = region * 4 + random.below(4);
            }
            left -= 1;
            rows.push(line(&mut random, day, order, region, customer, employee));
        }
    }
    let amount = |value: fn(&Line) -> f64| of(ColumnKind::Decimal, rows.iter().map(|row| Value::Number(value(row))));
    let whole = |count: usize, pick: fn(&Line) -> usize| {
        Encoded::picked(
            (1..).take(count).map(Value::Int).collect(),
            rows.iter().map(|row| Some(pick(row))),
        )
    };
    let numbers = (1..=order)
        .map(|order| Value::text(format!("SO{:06}", 100_000 + order)))
        .collect();
    let dates = days.iter().map(|date| Value::Date(days_of_date(*date))).collect();
    let region_names = REGIONS.iter().map(|region| Value::text(region.0)).collect();
    vec![
        keys(rows.len()),
        Encoded::picked(numbers, rows.iter().map(|row| Some(row.order - 1))),
        Encoded::picked(dates, rows.iter().map(|row| Some(row.day))),
        Encoded::picked(region_names, rows.iter().map(|row| Some(row.region))),
        whole(PRODUCTS.len() * 6, |row| row.product),
        whole(CUSTOMERS, |row| row.customer),
        whole(20, |row| row.employee),
        Encoded::picked(
            texts(&["Spring sale", "Black week", "Club"]),
            rows.iter().map(|row| row.promotion),
        ),
        whole(12, |row| row.quantity - 1),
        amount(|row| row.price),
        amount(|row| row.price * row.quantity as f64),
        amount(|row| row.cost * row.quantity as f64),
    ]
}

/// One order line.
struct Line {
    day: usize,
    order: usize,
    region: usize,
    customer: usize,
    employee: usize,
    product: usize,
    promotion: Option<usize>,
    quantity: usize,
    price: f64,
    cost: f64,
}

fn line(random: &mut Random, day: usize, order: usize, region: usize, customer: usize, employee: usize) -> Line {
    let group = random.weighted(&[0.05, 0.06, 0.08, 0.14, 0.17, 0.12, 0.13, 0.1, 0.06, 0.09]);
    let product = group * 6 + random.early(6);
    let quantity = if group < 3 {
        1 + random.early(2)
    } else {
        1 + random.early(12)
    };
    let promotion = match random.below(20) {
        0 | 1 => Some(0),
        2 => Some(1),
        3 | 4 => Some(2),
        _ => None,
    };
    let (list, cost) = prices(product);
    let discount = match promotion {
        Some(0) => 0.1,
        Some(1) => 0.2,
        Some(_) => 0.05,
        None => 0.0,
    };
    Line {
        day,
        order,
        region,
        customer,
        employee,
        product,
        promotion,
        quantity,
        price: cents(list * (1.0 - discount)),
        cost,
    }
}
