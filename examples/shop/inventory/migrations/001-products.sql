create table products (
  sku text primary key,
  name text not null,
  price_cents bigint not null check (price_cents > 0),
  stock integer not null check (stock >= 0)
);

create table reservations (
  order_id text not null,
  sku text not null references products (sku),
  quantity integer not null check (quantity > 0),
  primary key (order_id, sku)
);

insert into products (sku, name, price_cents, stock) values
  ('carrot', 'A bunch of carrots', 249, 100000),
  ('clover', 'Clover, 500 g', 399, 100000),
  ('lettuce', 'Lettuce', 179, 100000),
  ('parsley', 'Parsley in a pot', 229, 100000),
  ('strawberry', 'Strawberries, the last ones', 599, 20);
