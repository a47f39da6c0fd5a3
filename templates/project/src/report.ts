/** Prints how many orders and mails there are: npm run report */
import Database from 'libsql';

function count(file: string, table: string): number {
  const database = new Database(file, { readonly: true });
  const { count } = database.prepare(`select count(*) as count from ${table}`).get() as { count: number };
  database.close();
  return count;
}

console.log(`${count('data/orders.db', 'orders')} orders, ${count('data/mails.db', 'mails')} mails`);
