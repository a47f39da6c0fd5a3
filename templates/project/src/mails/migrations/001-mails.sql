create table mails (
  order_id text primary key,
  address text not null
);
