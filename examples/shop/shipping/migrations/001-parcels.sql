create table parcels (
  order_id text primary key,
  parcel text not null unique,
  customer text not null,
  lines text not null,
  shipped_ms bigint not null
);
