create table entries (id text not null, count integer not null);
