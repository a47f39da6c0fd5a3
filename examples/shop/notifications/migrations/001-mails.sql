create table mails (
  order_id text not null,
  number integer not null check (number > 0),
  status text not null,
  customer text not null,
  body text not null,
  written_ms bigint not null,
  primary key (order_id, number),
  unique (order_id, status)
);
