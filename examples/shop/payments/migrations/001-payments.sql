create table payments (
  order_id text primary key,
  customer text not null,
  amount_cents bigint not null check (amount_cents >= 0),
  status text not null check (status in ('waiting', 'taken', 'refused', 'cancelled', 'refunded'))
);

-- What the bank was told: at most one charge and one refund of an order, whatever goes wrong.
create table bookings (
  order_id text not null,
  kind text not null check (kind in ('charge', 'refund')),
  amount_cents bigint not null check (amount_cents >= 0),
  booked_ms bigint not null,
  primary key (order_id, kind)
);
