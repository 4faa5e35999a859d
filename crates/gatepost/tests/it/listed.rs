//! What the store lists, as tests ask for it: short lists, whole.

use gatepost::caller::{EnvironmentId, PersonId};
use gatepost::clock::Timestamp;
use gatepost::store::activity::{self, Direction, Wanted as Filters};
use gatepost::store::audit::Row;
use gatepost::store::list::{MOST_ROWS, Wanted};
use gatepost::store::people::{self, Person};
use gatepost::store::{Db, openid};

/// The first page of any list.
pub(crate) fn first() -> Wanted {
    Wanted::first(MOST_ROWS, Timestamp(0))
}

/// An environment's people.
pub(crate) async fn people(db: &Db, environment: &EnvironmentId) -> Vec<Person> {
    let page = people::page(db, environment, &first()).await.unwrap();
    assert_eq!(page.pages(), 1, "a short list");
    page.rows
}

/// Those of them who have an account of the house's provider.
pub(crate) async fn people_of_house(db: &Db, environment: &EnvironmentId) -> Vec<PersonId> {
    let everybody: Vec<PersonId> = people(db, environment).await.into_iter().map(|it| it.id).collect();
    openid::people_of(db, environment, &everybody).await.unwrap()
}

/// The newest entries of an environment.
pub(crate) async fn newest(db: &Db, environment: &EnvironmentId, limit: i64) -> Vec<Row> {
    let all = Filters::default();
    activity::search(db, environment, &all, Direction::Back(i64::MAX), limit)
        .await
        .unwrap()
}
