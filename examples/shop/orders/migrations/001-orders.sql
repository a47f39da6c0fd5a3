create table orders (
  id text primary key,
  customer text not null,
  status text not null check (status in ('placed', 'paid', 'shipped', 'cancelled')),
  reason text,
  total_cents bigint not null check (total_cents >= 0),
  lines text not null,
  placed_ms bigint not null
);

create index orders_by_status on orders (status);

create table reports (
  due text primary key,
  orders_open integer not null,
  orders_shipped integer not null,
  orders_cancelled integer not null,
  revenue_cents bigint not null
);
