create table payments (id text not null, amount integer not null);
