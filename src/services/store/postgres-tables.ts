/**
 * The tables of the toolkit in PostgreSQL.
 *
 * The outbox is read in the order (due_ms, seq); a row is somebody's until claimed_until_ms. Its transaction_id tells whether
 * transactions that began before are still under way: their rows come before it, and are not to be seen yet.
 */
export const POSTGRES_TABLES: readonly string[] = [
  `create table if not exists leveret_database (service text not null)`,
  `create table if not exists leveret_migrations (
     name text primary key,
     ran_ms bigint not null
   )`,
  `create table if not exists leveret_inbox (
     message_id text not null,
     part text not null,
     handled_ms bigint not null,
     reply text,
     primary key (message_id, part)
   )`,
  `create index if not exists leveret_inbox_handled on leveret_inbox (handled_ms)`,
  `create table if not exists leveret_failed (
     message_id text not null,
     part text not null,
     failed_ms bigint not null,
     reason text not null,
     primary key (message_id, part)
   )`,
  `create index if not exists leveret_failed_before on leveret_failed (failed_ms)`,
  `create table if not exists leveret_outbox (
     seq bigint generated always as identity primary key,
     id text not null unique,
     exchange text not null,
     routing_key text not null,
     envelope text not null,
     body bytea not null,
     due_ms bigint not null,
     claimed_until_ms bigint not null,
     timer text unique,
     transaction_id xid8 not null default pg_current_xact_id()
   )`,
  `create index if not exists leveret_outbox_due on leveret_outbox (due_ms, seq)`,
  `create table if not exists leveret_saga (
     saga text not null,
     key text not null,
     state text,
     changed_ms bigint not null,
     primary key (saga, key)
   )`,
  `create index if not exists leveret_saga_ended on leveret_saga (changed_ms) where state is null`,
];
