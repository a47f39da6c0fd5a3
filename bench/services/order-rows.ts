import { join } from 'node:path';
import Database from 'libsql';
import type { Order } from './workload.ts';

/** Rows of orders in SQLite, as a handler of BullMQ would write them: with the settings of a service's own database, a transaction each. */
export interface OrderRows {
  insert(order: Order): void;
  close(): void;
}

export const CREATE_ORDERS: string = 'create table orders (id text primary key, total real not null)';

export function rowsOf(directory: string): OrderRows {
  const database = new Database(join(directory, 'orders.db'));
  database.exec('pragma journal_mode = wal; pragma synchronous = full');
  database.exec(CREATE_ORDERS);
  const insert = database.prepare('insert into orders (id, total) values (?, ?)');
  return {
    insert: ({ orderId, total }) => void insert.run(orderId, total),
    close: () => database.close(),
  };
}
