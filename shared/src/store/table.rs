//! A table whose items have one key, a text: how they are read, and leased.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Item, condition_met, from_item, number, text, to_item};
use crate::Error;

/// How many items are deleted at a time.
const CONCURRENCY: usize = 8;

/// The table, its key's name with it.
#[derive(Clone, Debug)]
pub struct Table {
    pub client: Client,
    pub name: String,
    pub key: &'static str,
}

impl Table {
    /// The item of this key, read consistently.
    pub async fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        read(self.read_of(key)).await
    }

    /// Of the item of this key, the attributes that a projection expression names, read consistently.
    pub async fn get_only<T: DeserializeOwned>(&self, key: &str, only: &str) -> Result<Option<T>, Error> {
        read(self.read_of(key).projection_expression(only)).await
    }

    fn read_of(&self, key: &str) -> GetItemFluentBuilder {
        self.client.get_item().table_name(&self.name).key(self.key, text(key)).consistent_read(true)
    }

    /// A write of this whole item.
    pub fn put(&self, row: &impl Serialize) -> Result<PutItemFluentBuilder, Error> {
        Ok(self.client.put_item().table_name(&self.name).set_item(Some(to_item(row)?)))
    }

    /// A change of the item of this key.
    pub fn update(&self, key: &str) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.name).key(self.key, text(key))
    }

    /// Deletes the items of these keys, as far as they are there.
    pub async fn delete(&self, keys: &[String]) -> Result<(), Error> {
        let deletions = keys.iter().map(|key| {
            let delete = self.client.delete_item().table_name(&self.name).key(self.key, text(key));
            async { delete.send().await.map_err(Error::unavailable) }
        });
        let deletions: Vec<_> = deletions.collect();
        stream::iter(deletions).buffer_unordered(CONCURRENCY).boxed().try_for_each(async |_| Ok(())).await
    }

    /// Takes a lease that is free or has run out, for `seconds`, and gives the whole item; `None` while another has
    /// it. It may take its own: the client repeats a write whose answer was lost.
    pub async fn lease<T: DeserializeOwned>(
        &self,
        key: &str,
        lease: &str,
        now: i64,
        seconds: i64,
    ) -> Result<Option<T>, Error> {
        let update = self.update(key);
        let update = update
            .update_expression("SET lease = :lease, lease_until = :until")
            .condition_expression("attribute_not_exists(lease_until) OR lease_until < :now OR lease = :lease")
            .expression_attribute_values(":lease", text(lease))
            .expression_attribute_values(":until", number(now + seconds))
            .expression_attribute_values(":now", number(now))
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(answer) => from_item(answer.attributes.unwrap_or_else(Item::new)).map(Some),
            Err(error) => condition_met::<(), _, _>(Err(error)).map(|_| None),
        }
    }

    /// Ends a lease, if it is still held.
    pub async fn release(&self, key: &str, lease: &str) -> Result<(), Error> {
        let update = self.update(key).update_expression("REMOVE lease, lease_until");
        let update = update.condition_expression("lease = :lease");
        condition_met(update.expression_attribute_values(":lease", text(lease)).send().await)?;
        Ok(())
    }
}

async fn read<T: DeserializeOwned>(get: GetItemFluentBuilder) -> Result<Option<T>, Error> {
    get.send().await.map_err(Error::unavailable)?.item.map(from_item).transpose()
}
