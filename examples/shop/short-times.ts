/** Imported before the services: what takes minutes in a shop takes seconds in the example. */
process.env['SHOP_PAYMENT_MS'] ??= '10000';
process.env['SHOP_SLOW_BANK_MS'] ??= '12000';
