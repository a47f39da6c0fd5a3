create table orders (
  id text primary key,
  email text not null,
  total double precision not null
);
