/**
 * The tables of the toolkit in SQLite.
 *
 * A row of the inbox is found by (message_id, part); its rowid is the order of arrival, in which old ones are forgotten. Why a message
 * became a dead letter is in a table of its own, so that looking into the inbox costs no more, and a replay finds nothing there.
 * The outbox is read in the order (due_ms, seq); a row is somebody's until claimed_until_ms.
 */
export const SQLITE_TABLES: readonly string[] = [
  `create table if not exists leveret_database (service text not null)`,
  `create table if not exists leveret_migrations (
     name text primary key not null,
     ran_ms integer not null
   )`,
  `create table if not exists leveret_inbox (
     message_id text not null,
     part text not null,
     handled_ms integer not null,
     reply text,
     unique (message_id, part)
   )`,
  `create table if not exists leveret_failed (
     message_id text not null,
     part text not null,
     failed_ms integer not null,
     reason text not null,
     primary key (message_id, part)
   ) without rowid`,
  `create index if not exists leveret_failed_before on leveret_failed (failed_ms)`,
  `create table if not exists leveret_outbox (
     seq integer primary key,
     id text not null unique,
     exchange text not null,
     routing_key text not null,
     envelope text not null,
     body blob not null,
     due_ms integer not null,
     claimed_until_ms integer not null,
     timer text
   )`,
  `create index if not exists leveret_outbox_due on leveret_outbox (due_ms, seq)`,
  `create unique index if not exists leveret_outbox_timer on leveret_outbox (timer) where timer is not null`,
  `create table if not exists leveret_saga (
     saga text not null,
     key text not null,
     state text,
     changed_ms integer not null,
     primary key (saga, key)
   ) without rowid`,
  `create index if not exists leveret_saga_ended on leveret_saga (changed_ms) where state is null`,
];
